// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The strips beside the lanes: what became of tlb_flush_pending, of each page's PTE, TLB entries
// and frame, and of the table that a violation is about. A strip is a function from a time to what
// is drawn there: a class, a key (a line is drawn where it changes) and a text (shown there).

const stripWidth = (wide) => (narrow ? (wide ? 34 : 23) : wide ? 44 : 26);
const pendingWidth = () => (narrow ? 27 : 34);

function pendingCell(time) {
  const count = number('pending', time, 0);
  return {
    class: count > 1 ? 'nesting' :
        count === 1  ? 'pending' :
                       'none',
    key: count,
    text: `${count}`
  };
}

function pteCell(page, time) {
  const [mapping, , flags, level = 0] = cell(`pte.${page}`, time);
  if (!flags) return {class: 'none', key: 'none', text: '\u2013'};
  return {
    class: flags & kPresent ? 'pte' : 'none',
    key: `${mapping} ${flags & ~kAccessed} ${level}`,
    text: flags & kInvalid ? 'inv' : `${mapping}${flags & kDirty ? 'd' : ''}`,
  };
}

function tlbCell(cpu, page, time) {
  const found = cached(cpu, page, time);
  if (!found) return {class: 'none', key: '', text: ''};
  const stale = isStale(found.entry, page, time);
  const the = isTheStale(cpu, found.entry);
  return {
    class: (stale ? 'stale' : 'tlb') + (the ? ' the' : ''),
    key: `${found.entry[0]} ${found.entry[2] & ~kAccessed} ${stale}`,
    text: the && stale ? 'stale' : `${found.entry[0]}${found.entry[2] & kDirty ? 'd' : ''}`,
  };
}

// The frame a page has, or had last, and which of its uses that was.
function frameOf(page, time) {
  if (page === violation.page && violation.frame >= 0 && !violation.table) {
    return {frame: violation.frame, since: firstTimeOf(page, violation.frame)};
  }
  const known = cellHistory.get(`pte.${page}`);
  if (!known) return null;
  for (let i = known.times.length - 1; i >= 0; --i) {
    if (known.times[i] > time || !known.values[i][2]) continue;
    return {frame: known.values[i][1] || 0, since: known.times[i]};
  }
  return null;
}
function firstTimeOf(page, frame) {
  const known = cellHistory.get(`pte.${page}`) || {times: [], values: []};
  const at = known.values.findIndex((value) => value[2] && (value[1] || 0) === frame);
  return at < 0 ? firstStep - 1 : known.times[at];
}
function frameCellOf(frame, since, time) {
  const [state = 0, generation = 0, mapped, , , queued] = cell(`frame.${frame}`, time);
  const key = `${frame} ${state} ${generation} ${mapped} ${queued}`;
  const reused = generation > number(`frame.${frame}`, since, 1);
  if (reused) return {class: 'reused', key, text: state ? 'R' : 'free'};
  if (state === 0) return {class: 'free', key, text: 'free'};
  if (queued) return {class: 'queued', key, text: 'Q'};
  return {class: mapped ? 'mapped' : 'held', key, text: `f${frame}`};
}
function frameCell(page, time) {
  const found = frameOf(page, time);
  return found ? frameCellOf(found.frame, found.since, time) : {class: 'none', key: '', text: ''};
}

// Pointers to the table that the violation is about, in the walk caches and walks of a CPU.
const pointerCells = new Map(cpus.map(
    (cpu) =>
        [cpu,
         [...cellHistory.keys()].filter(
             (name) => name.startsWith(`wpte.${cpu}.`) || name.startsWith(`wpmd.${cpu}.`) ||
                 name.startsWith(`walk.${cpu}.`))]));
function pointerAt(name, time) {
  const value = cell(name, time);
  const [frame, generation] = name.startsWith('walk.') ? [value[1], value[0]] : value;
  return generation && (frame || 0) === violation.frame ? generation : 0;
}
function pointerCell(cpu, time) {
  const generation = Math.max(0, ...pointerCells.get(cpu).map((name) => pointerAt(name, time)));
  if (!generation) return {class: 'none', key: '', text: ''};
  const [state, now, mapped] = cell(`frame.${violation.frame}`, time);
  const the = cpu === violation.holder;
  const stale = state !== 2 || now !== generation || !mapped;
  return {
    class: (stale ? 'stale' : 'tlb') + (the ? ' the' : ''),
    key: `${generation} ${stale}`,
    text: stale && the ? 'stale' : 'ptr',
  };
}

// A group of strips with one heading. Only CPUs that ever hold an entry of the page have one.
function pageGroup(page) {
  const strips = [{
    label: 'PTE',
    title: `PTE of page ${page}: number of its mapping, d: dirty`,
    at: (t) => pteCell(page, t)
  }];
  const block = Math.floor(page / kPagesPerPmd);
  for (const cpu of cpus) {
    if (!cellHistory.has(`tlb.${cpu}.${page}`) && !cellHistory.has(`huge.${cpu}.${block}`))
      continue;
    const the = page === violation.page && cpu === violation.holder && !violation.table;
    strips.push({
      label: `tlb${cpu}`,
      title: `page ${page} in the TLB of cpu${cpu}: number of the mapping`,
      wide: the,
      at: (t) => tlbCell(cpu, page, t),
    });
  }
  strips.push({
    label: 'frm',
    title: `frame of page ${page}: mapped, queued, free, in use again`,
    at: (t) => frameCell(page, t)
  });
  return {title: `page ${page}`, strips};
}
function tableGroup() {
  const strips =
      cpus.filter(
              (cpu) => pointerCells.get(cpu).some(
                  (name) => cellHistory.get(name).times.some((time) => pointerAt(name, time))))
          .map((cpu) => ({
                 label: `ptr${cpu}`,
                 title: `pointers to the table in the walk caches and walks of cpu${cpu}`,
                 wide: cpu === violation.holder,
                 at: (t) => pointerCell(cpu, t),
               }));
  strips.push({
    label: 'frm',
    title: `frame ${violation.frame}, which held the table`,
    at: (t) => frameCellOf(
        violation.frame, cause ? Math.max(cause.removed, firstStep - 1) : firstStep - 1, t),
  });
  return {title: `table f${violation.frame}`, strips};
}

// Pages by how much happens to them, that of the violation first.
const pagesByWeight = [...data.pages].sort((a, b) => weight(b) - weight(a) || a - b);
function weight(page) {
  if (page === violation.page && !violation.table) return Infinity;
  const names = [`pte.${page}`, ...cpus.map((cpu) => `tlb.${cpu}.${page}`)];
  return names.reduce(
      (sum, name) => sum + (cellHistory.has(name) ? cellHistory.get(name).times.length : 0), 0);
}

// Lays out the strips of these pages from x on; gives back where they end.
function placeStrips(pages, x) {
  const pending = {label: 'pend', title: 'tlb_flush_pending', at: pendingCell};
  const groups = [{title: '', strips: [pending]}];
  if (violation.table && violation.frame >= 0) groups.push(tableGroup());
  for (const page of pages) groups.push(pageGroup(page));
  const gap = narrow ? 4 : 10;
  for (const group of groups) {
    group.x = x;
    for (const strip of group.strips) {
      strip.x = x;
      strip.width = strip === pending ? pendingWidth() : stripWidth(strip.wide);
      x += strip.width;
    }
    group.width = x - group.x;
    x += gap;
  }
  return {groups, end: x - gap};
}
