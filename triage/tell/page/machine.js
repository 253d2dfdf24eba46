// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The state of the machine after a step, with what the step changed marked: "was ..." behind it.

// A line: what it is about, its value, and what it was before the step, if that is something else.
function factLine(label, now, was, options = {}) {
  const changed = was !== now;
  const value = make('td', {}, make('span', {class: options.class || ''}, now));
  if (options.tag)
    value.append(make('span', {class: `role ${options.tagClass || ''}`}, options.tag));
  if (changed) value.append(make('span', {class: 'was'}, ` (was ${was})`));
  return make('tr', changed ? {class: 'changed'} : {}, make('th', {scope: 'row'}, label), value);
}

function block(title, lines) {
  if (lines.length === 0) return null;
  return make('table', {}, make('caption', {}, title), make('tbody', {}, ...lines));
}

// One line for a cell, if there is something in it, or was before the step.
function cellLine(name, time, label, words, options = {}) {
  const now = cell(name, time), was = cell(name, time - 1);
  if (!now.some(Boolean) && !was.some(Boolean)) return [];
  const text = (value) => (value.some(Boolean) ? words(value) : 'none');
  return [factLine(label, text(now), text(was), options)];
}

function lockLines(time) {
  const mmapText = ([writer, readers]) => writer ? `write, ${cpuName(writer - 1)}` :
      readers ? `read, ${cpusOf(readers)}` :
                'free';
  const lines =
      [factLine('mmap_lock', mmapText(cell('mmap', time)), mmapText(cell('mmap', time - 1)))];
  for (const {name, at: [frame]} of cellsOf('frame')) {
    const now = cell(name, time), was = cell(name, time - 1);
    if (!now[4] && !was[4]) continue;
    const span = now[6] || was[6];
    const level = ['PTE', 'PMD', 'PUD'][now[3] || 0];
    const text = (value) => (value[4] ? cpuName(value[4] - 1) : 'free');
    lines.push(
        factLine(`${level} table ${span ? `at ${span - 1}` : `f${frame}`}`, text(now), text(was)));
  }
  lines.push(
      ...cellLine(
          'batched', time, 'tlb_flush_batched',
          ([pending = 0, flushed = 0]) => `pending ${pending}, flushed ${flushed}`),
      ...cellLine('vmas', time, 'VMA locks', vmaLocksText));
  return lines;
}

// The pages of VMAs that are write-locked, and who reads under the lock of the VMA that begins
// where.
function vmaLocksText([low = 0, high = 0, ...readers]) {
  const bitOf = (page) => ((page < 32 ? low : high) >>> page % 32) & 1;
  const pages = [...Array(64).keys()].filter(bitOf);
  const firstOf = (cpu) => ((readers[cpu >> 2] || 0) >>> 8 * (cpu % 4)) & 255;
  const cpus = [...Array(8).keys()].filter(firstOf);
  return [
    ...(pages.length ? [`write, pages ${pages.join(' ')}`] : []),
    ...cpus.map((cpu) => `read at ${firstOf(cpu) - 1}, ${cpuName(cpu)}`)
  ].join('; ');
}

// Where CPUs switch: what each has loaded.
function cpuLines(time) {
  const text = ([mm, lazy, irqsOff, , slot, generation, newest, parked]) => {
    const parts = [mm === 255 ? 'LOADED_MM_SWITCHING' : mm === 1 ? 'init_mm' : `mm${mm - 2}`];
    if (lazy) parts.push('lazy');
    if (irqsOff) parts.push('interrupts off');
    if (!newest && generation) parts.push(`ASID ${generation}`);
    if (newest) parts.push(`slot ${slot}, generation ${generation} of ${newest}`);
    if (parked) parts.push(`${parked} cached under ${newest ? 'the other slot' : 'another ASID'}`);
    return parts.join(', ');
  };
  return cpus.flatMap((cpu) => cellsOf('cpu').some(({at: [c]}) => c === cpu) ?
      cellLine(`cpu.${cpu}`, time, cpuName(cpu), text) : []);
}

function pageLines(page, time) {
  const now = cell(`pte.${page}`, time), was = cell(`pte.${page}`, time - 1);
  const vma = (value) => (value[4] ? '' : ', no VMA');
  const lines = [factLine(
      `page ${page}`, `PTE ${entryText(now)}${vma(now)}`, `PTE ${entryText(was)}${vma(was)}`)];
  let last = null;  // CPUs that hold the same unchanged entry share a line
  for (const cpu of cpus) {
    const held = (t) => cached(cpu, page, t) || isAbsent(cpu, page, t);
    const after = held(time), before = held(time - 1);
    if (!after && !before) continue;
    const entry = (found) => entryText(found.entry) + (found.huge ? ' huge' : '');
    const text = (found) => (!found ? 'none' : found.entry ? entry(found) : 'known to be absent');
    const options = {};
    if (after && after.entry && isStale(after.entry, page, time)) {
      const the = isTheStale(cpu, after.entry);
      Object.assign(options, {
        class: the ? 'the-entry' : 'stale-entry',
        tag: 'stale',
        tagClass: the ? 'violation' : ''
      });
    }
    const same = `${text(after)} ${text(before)} ${options.class}`;
    if (last && last.same === same && text(after) === text(before)) {
      last.label.textContent += `,${cpu}`;
      continue;
    }
    lines.push(factLine(`\u00a0tlb${cpu}`, text(after), text(before), options));
    last = {same, label: lines[lines.length - 1].firstChild};
  }
  // Of a page without strips, only that there is something.
  const empty = lines.length === 1 && !now[2] && !was[2];
  return empty && !layout.pages.includes(page) ? [] : lines;
}

function gatherLines(time) {
  const text = (value) => {
    const queued = [];
    if (value[3]) queued.push(`${value[3]} page${value[3] > 1 ? 's' : ''}`);
    if (value[4]) queued.push(`${value[4]} table${value[4] > 1 ? 's' : ''}`);
    return [
      `of ${range(value[6] || 0, value[7] || 0)}: ${gatherRange(value)}`, ...gatherBits(value)
    ].join(' ') +
        (queued.length ? `; queued ${queued.join(', ')}` : '');
  };
  return cpus.flatMap((cpu) => cellLine(`gather.${cpu}`, time, cpuName(cpu), text));
}

function invalidationLines(time) {
  const text = (value) => `${requestText(value)}; pending on ${cpusOf(value[0])}`;
  return cpus.flatMap((cpu) => cellLine(`inv.${cpu}`, time, `from ${cpuName(cpu)}`, text));
}

function walkLines(time) {
  const lines = [];
  for (const cpu of cpus) {
    for (const [what, level, pages] of [
             ['wpte', 'PTE', kPagesPerPmd], ['wpmd', 'PMD', kPagesPerPud]]) {
      for (const {name, at} of cellsOf(what)) {
        if (at[0] !== cpu) continue;
        const span = range(at[1] * pages, (at[1] + 1) * pages);
        const text = ([frame]) => `${level} table f${frame}`;
        const now = cell(name, time);
        const [state, generation, linked] = cell(`frame.${now[0]}`, time);
        const options = {};
        if (now[1] && (state !== 2 || generation !== now[1] || !linked)) {
          const the = isThePointer(cpu, now);
          Object.assign(options, {
            class: the ? 'the-entry' : 'stale-entry',
            tag: 'stale',
            tagClass: the ? 'violation' : '',
          });
        }
        lines.push(...cellLine(name, time, `${cpuName(cpu)} ${span}`, text, options));
      }
    }
    for (const k of [0, 1]) {
      lines.push(...cellLine(
          `walk.${cpu}.${k}`, time, `${cpuName(cpu)} walks`,
          ([, frame = 0, level = 0, page = 0]) =>
              `page ${page}, next the ${['PTE', 'PMD', 'PUD'][level]} in frame ${frame}`));
    }
  }
  return lines;
}

function frameLines(time) {
  const lines = [];
  for (const {name, at: [frame]} of cellsOf('frame')) {
    // A frame whose use never changes says nothing, and a free one little.
    if (cellHistory.get(name).times.every((t) => t < firstStep)) continue;
    const text = (value) => frameText(value) + (value[1] > 1 ? `, use ${value[1]}` : '');
    const now = text(cell(name, time)), was = text(cell(name, time - 1));
    if (cell(name, time)[0] || was !== now || frame === violation.frame)
      lines.push(factLine(`frame ${frame}`, now, was));
  }
  return lines;
}

function policyLines(time) {
  const found = cellsOf('policy');
  if (found.length === 0) return [];
  const bytes = (at) => {
    const last = Math.max(...found.map(({at: [k]}) => k));
    const words = [];
    for (let k = 0; k <= last; ++k) {
      const word = number(`policy.${k}`, at, 0);
      words.push([0, 8, 16, 24]
                     .map((shift) => (word >>> shift & 255).toString(16).padStart(2, '0'))
                     .join(' '));
    }
    return words.join(' ');
  };
  return [factLine('bytes', bytes(time), bytes(time - 1))];
}

function waitLines(time) {
  const text = (value) =>
      (value[2] ? `waits in finish${value[3] ? `, overtaken ${value[3]} times` : ''}` :
                                               'does not wait');
  return cpus.filter((cpu) => number(`call.${cpu}`, time, 2) || number(`call.${cpu}`, time - 1, 2))
      .map(
          (cpu) => factLine(
              cpuName(cpu), text(cell(`call.${cpu}`, time)), text(cell(`call.${cpu}`, time - 1))));
}

// `time` may be the one before the first step.
function drawMachine(time) {
  const before = (t) => `${number('pending', t, 0)}`;
  const title = time < firstStep ? 'Before the first step' :
                                   `After step ${time + 1}: ${agentName(stepAt(time))}, ${
                                       stepText(stepAt(time)).replace(/^\[\w+\] /, '')}`;
  byId('machine-title').textContent = title;
  const pages = layout.pages.concat(pagesByWeight.filter((page) => !layout.pages.includes(page)));
  const blocks = [
    block(
        'Count and locks',
        [factLine('tlb_flush_pending', before(time), before(time - 1)), ...lockLines(time)]),
    block('CPUs', cpuLines(time)),
    block('Gathers', gatherLines(time)),
    block('Waits', waitLines(time)),
    block('Invalidations', invalidationLines(time)),
    block('Page tables and TLBs', pages.flatMap((page) => pageLines(page, time))),
    block('Frames', frameLines(time)),
    block('Walk caches and walks', walkLines(time)),
    block('The policy\u2019s own state', policyLines(time)),
  ];
  byId('state').replaceChildren(...blocks.filter(Boolean));
}
