// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The timeline: a row for each step, time downwards. Each CPU has a lane: invalidations on their
// way to it, its gather, its operation; then the strips. Where the window has room for it, the
// text of a step stands in its CPU's lane, as the kernel list writes interleavings; else all texts
// stand in one column behind the lanes; in a narrow window each has two lines there.
//
// Every row draws its own part of what runs through it, so rows can be left out, and printed.

let rowHeight = 20;
let narrow = false;
const numberWidth = () => (narrow ? 32 : 44);
const kGap = 6;
// Widths within a lane: of each invalidation on its way, the gather, the operation, and between.
// The first that leaves room for the rest is taken.
const kSizes = [
  {slot: 9, gather: 8, op: 12, gap: 6},
  {slot: 6, gather: 8, op: 12, gap: 6},
  {slot: 4, gather: 7, op: 11, gap: 4},
  {slot: 2, gather: 6, op: 9, gap: 2},
];
let size = kSizes[0];
const kLongText = 60, kColumnText = 32, kLeastText = 30, kNarrowText = 16;  // characters

let layout = null;         // where everything stands; see Place
let rows = [];             // what is shown: {kind, from, to, cpu, text}
const opened = new Set();  // steps shown though they do not matter

function gatherNote(step) {
  if (step.kind !== kCpu || !step.changes.includes(`gather.${step.cpu}`)) return '';
  const name = `gather.${step.cpu}`;
  const before = cell(name, step.index - 1), now = cell(name, step.index);
  if (!now[0]) return '';
  if (!before[0]) return `gather ${range(now[6] || 0, now[7] || 0)}`;
  if (gatherRange(before) === gatherRange(now) && before[5] === now[5]) return '';
  const bits = gatherBits(now);
  if (gatherRange(now) === 'empty' && bits.length === 0) return '';
  return `[${[gatherRange(now), ...bits].join(' ')}]`;
}

// What a step is in the story of the violation: short words, shown behind its text.
const rolesOf = (index) => data.roles[index] || [];

// --- Which rows there are ---

function findRows(all) {
  rows = [];
  const headed = new Set();
  if (firstStep > 0)
    rows.push({
      kind: 'note',
      from: firstStep - 1,
      to: firstStep - 1,
      text: `steps 1..${firstStep} are not on this page`
    });
  for (let i = firstStep; i <= lastStep;) {
    const step = stepAt(i);
    if (all || step.shown || opened.has(i)) {
      if (step.op && step.kind === kCpu && !headed.has(step.op)) {
        headed.add(step.op);
        rows.push({kind: 'head', from: i - 1, to: i - 1, cpu: step.cpu, text: `${step.op[1]}:`});
      }
      rows.push({kind: 'step', from: i, to: i, cpu: step.cpu, step});
      ++i;
      continue;
    }
    const from = i;
    while (i <= lastStep && !stepAt(i).shown && !opened.has(i)) ++i;
    rows.push({
      kind: 'gap',
      from,
      to: i - 1,
      text: `${i - from} step${i - from === 1 ? '' : 's'} not shown`
    });
  }
  for (const cpu of data.clean ? [] : cpus) {
    if (number(`call.${cpu}`, lastStep, 2)) {
      rows.push({kind: 'blocked', from: lastStep, to: lastStep, cpu, text: 'finish_wait, blocked'});
    }
  }
}

// --- Where things stand ---

function longestTexts() {
  const longest = new Map(cpus.map((cpu) => [cpu, 0]));
  for (const row of rows) {
    if (row.kind !== 'step') continue;
    const roles = rolesOf(row.from).reduce((sum, role) => sum + role.length + 5, 0);
    longest.set(
        row.cpu,
        Math.max(
            longest.get(row.cpu),
            stepText(row.step).length + gatherNote(row.step).length + roles + 2));
  }
  return longest;
}

// `chosen` are pages, or null for those that fit.
function place(width, letter, chosen) {
  const tracks = (cpu) => slots[cpu] * size.slot + size.gather + size.op + size.gap;
  for (size of kSizes) {
    if (cpus.reduce((total, cpu) => total + tracks(cpu), 0) <= (narrow ? 0.2 : 0.35) * width) break;
  }
  const strips = (pages) => placeStrips(pages, 0).end;
  let pages = chosen || pagesByWeight.slice(0, narrow && violation.table ? 0 : 1);
  const room = width - numberWidth() - strips(pages) - kGap;
  const longest = longestTexts();
  const wish = (cpu) => Math.min(Math.max(longest.get(cpu), kLeastText), kLongText) * letter;
  const least = (cpu) => Math.min(wish(cpu), kColumnText * letter);
  const sum = (part) => cpus.reduce((total, cpu) => total + tracks(cpu) + part(cpu) + kGap, 0);
  const inColumns = !narrow && sum(least) <= room;
  const share =
      inColumns ? Math.min(1, (room - sum(least)) / Math.max(1, sum(wish) - sum(least))) : 0;
  let x = numberWidth();
  const lanes = new Map();
  for (const cpu of cpus) {
    const slot = x, gather = x + slots[cpu] * size.slot, op = gather + size.gather;
    const text = op + size.op + size.gap;
    const textWidth = inColumns ? least(cpu) + share * (wish(cpu) - least(cpu)) : 0;
    x = text + textWidth + (inColumns ? kGap : 0);
    lanes.set(cpu, {slot, gather, op, text, textWidth, end: x});
  }
  const textAt = x + 4;
  if (!inColumns) {
    const text = Math.min(Math.max(...longest.values()) + 6, kLongText + 6) * letter;
    const leastText = (narrow ? kNarrowText : kLeastText) * letter;
    x += Math.max(Math.min(width - x - strips(pages) - 2 * kGap, text), leastText);
  }
  while (!chosen && !narrow && pages.length < Math.min(5, pagesByWeight.length)) {
    const more = pagesByWeight.slice(0, pages.length + 1);
    if (x + strips(more) + kGap > width) break;
    pages = more;
  }
  const {groups, end} = placeStrips(pages, x + kGap);
  const roomy = x - textAt > 40 * letter;
  return {
    inColumns,
    roomy,
    lanes,
    textAt,
    textWidth: x - textAt - 4,
    groups,
    pages,
    width: Math.max(end, width)
  };
}

// --- Drawing a row ---

const center = (x, width) => x + width / 2;
const slotX = (arrow) =>
    layout.lanes.get(arrow.target).slot + arrow.slot * size.slot + size.slot / 2;

// The operation that a CPU is in at a row.
const opAt = (cpu, row) => data.ops.find(
    ([agent, , , first, last, done]) => agent === cpu && first <= row.to &&
        (row.to <= last || !done) && !(row.kind === 'head' && row.to >= last && done));

// Whether anything is drawn in the lane of a CPU at a row.
const isBusy = (cpu, row) => opAt(cpu, row) || number(`gather.${cpu}`, row.to, 0) ||
    arrows.some(({target, from, to}) => target === cpu && from <= row.to && row.from <= to);

// Where the words of a row have to end: they go on through lanes behind theirs that are empty.
function endOfWords(row, lane) {
  let end = lane.text + lane.textWidth;
  for (const cpu of cpus.slice(cpus.indexOf(row.cpu) + 1)) {
    if (isBusy(cpu, row)) break;
    const next = layout.lanes.get(cpu);
    end = next.text + next.textWidth;
  }
  return end;
}

function drawOps(svg, row) {
  for (const cpu of cpus) {
    const lane = layout.lanes.get(cpu);
    const op = opAt(cpu, row);
    if (op) {
      const starts = op[3] === row.to && row.kind === 'step', ends = op[5] && op[4] === row.to;
      const top = starts ? 2 : 0, bottom = ends ? rowHeight - 2 : rowHeight;
      const waits = number(`call.${cpu}`, row.to, 2);
      svg.append(
          draw('rect', {
            class: waits ? 'op waits' : 'op',
            x: lane.op + 1,
            y: top,
            width: size.op - 2,
            height: bottom - top
          }),
          draw('path', {
            class: 'op-side',
            d: `M${lane.op + 1} ${top}V${bottom}M${lane.op + size.op - 1} ${top}V${bottom}`
          }));
      if (starts)
        svg.append(draw('path', {class: 'edge', d: `M${lane.op + 1} ${top}h${size.op - 2}`}));
      if (ends)
        svg.append(draw('path', {class: 'edge', d: `M${lane.op + 1} ${bottom}h${size.op - 2}`}));
    }
    const begins = row.kind === 'step' && row.cpu === cpu &&
        ['pending_inc', 'pending_inc_later'].includes(row.step.point);
    const over = row.kind === 'step' && row.cpu === cpu && row.step.kind === kCpu &&
        row.step.point === 'pending_dec';
    if (number(`gather.${cpu}`, row.to, 0) || over) {
      const top = begins ? rowHeight / 2 : 0, bottom = over ? rowHeight / 2 : rowHeight;
      const now = cell(`gather.${cpu}`, over ? row.to - 1 : row.to);
      const bar = draw('rect', {
        class: 'gather',
        x: lane.gather + 1,
        y: top,
        width: size.gather - 4,
        height: bottom - top
      });
      const title = draw('title', {});
      title.textContent =
          `gather of cpu${cpu}: ${[gatherRange(now), ...gatherBits(now)].join(' ')}`;
      bar.append(title);
      svg.append(bar);
      if (begins || over)
        svg.append(draw(
            'path',
            {class: 'gather-end', d: `M${lane.gather - 1} ${rowHeight / 2}h${size.gather}`}));
    }
  }
}

function drawArrows(svg, row) {
  let path = '', heads = '';
  for (const arrow of arrows) {
    if (arrow.to < row.from || arrow.from > row.to || (row.kind === 'head' && arrow.to <= row.to))
      continue;
    const x = slotX(arrow), low = rowHeight - 1.5;
    const issued = row.kind !== 'head' && arrow.from >= row.from && arrow.from <= row.to;
    const arrives = arrow.to >= row.from && arrow.to <= row.to;
    if (issued && arrives) continue;  // all of it is in a gap
    if (issued) {
      const from = center(layout.lanes.get(arrow.issuer).op, size.op);
      path += `M${from} ${rowHeight / 2}V${low}H${x}V${rowHeight}`;
    } else if (arrives) {
      const to = layout.lanes.get(arrow.target).op - 1;
      path += `M${x} 0V${rowHeight / 2}H${to}`;
      heads += `M${to + 2} ${rowHeight / 2}l-6 -3.5v7z`;
    } else {
      path += `M${x} 0V${rowHeight}`;
    }
  }
  if (path) svg.append(draw('path', {class: 'arrow', d: path}));
  if (heads) svg.append(draw('path', {class: 'arrow-head', d: heads}));
}

function drawMark(svg, row) {
  const {step} = row, x = center(layout.lanes.get(row.cpu).op, size.op), y = rowHeight / 2;
  const bad = !data.clean && step.index === data.total - 1;
  if (bad) {
    svg.append(
        draw('circle', {class: 'bad', cx: x, cy: y, r: 7}),
        draw('path', {class: 'bad-cross', d: `M${x - 3} ${y - 3}l6 6m0 -6l-6 6`}));
  } else if (step.kind === kDelivery) {
    svg.append(
        draw('path', {class: 'delivery', d: `M${x} ${y - 4.5}l4.5 4.5l-4.5 4.5l-4.5 -4.5z`}));
  } else if (byHardware(step)) {
    svg.append(draw('path', {class: 'walk', d: `M${x} ${y - 4.5}l4.5 4.5l-4.5 4.5l-4.5 -4.5z`}));
  } else if (step.point === 'tlb_flush') {
    svg.append(draw('rect', {class: 'issue', x: x - 4, y: y - 4, width: 8, height: 8}));
  } else {
    svg.append(draw('circle', {class: 'mark', cx: x, cy: y, r: 3}));
  }
}

function drawStrips(svg, row, before) {
  for (const group of layout.groups) {
    for (const strip of group.strips) {
      const now = strip.at(row.to);
      const changed = before === null || strip.at(before).key !== now.key;
      const x = strip.x + 1, width = strip.width - 2;
      if (now.class !== 'none') {
        svg.append(draw('rect', {class: `cell ${now.class}`, x, y: 0, width, height: rowHeight}));
        if (now.class.includes('the')) {
          svg.append(draw('path', {
            class: 'the-edge',
            d: `M${x + 1} 0V${rowHeight}M${x + width - 1} 0V${rowHeight}${
                changed ? `M${x} 1h${width}` : ''}`
          }));
        }
      }
      if (!changed) continue;
      svg.append(draw('path', {class: 'change', d: `M${x} .5h${width}`}));
      const label =
          draw('text', {class: `value ${now.class}`, x: center(x, width), y: rowHeight / 2 + 4});
      label.textContent = now.text;
      svg.append(label);
    }
  }
}

function textOf(row) {
  const lane = row.cpu === undefined ? null : layout.lanes.get(row.cpu);
  const left = layout.inColumns && lane ? lane.text :
      layout.inColumns                  ? layout.lanes.get(cpus[0]).text :
                                          layout.textAt;
  const width = !layout.inColumns ? layout.textWidth : lane ? endOfWords(row, lane) - left : 400;
  const text = make('span', {class: 'text'});
  text.style.left = `${left}px`;
  text.style.width = `${width}px`;
  const saysWho =
      row.cpu !== undefined && !layout.inColumns && (layout.roomy || row.kind !== 'step');
  const who = saysWho ? `${cpuName(row.cpu)} ` : '';
  const words = make('span', {class: 'words'});
  text.append(words);
  if (row.kind !== 'step') {
    words.append(who + (row.kind === 'gap' ? '\u22ef ' : '') + row.text);
    return text;
  }
  words.append(who + (row.kind === 'step' ? stepText(row.step) : ''));
  const note = gatherNote(row.step);
  if (note && !narrow) words.append(make('span', {class: 'note'}, ` ${note}`));
  for (const role of rolesOf(row.from)) {
    text.append(make(
        'span', {class: `role ${role === data.kind ? 'violation' : role.replace(/ /g, '-')}`},
        role));
  }
  text.title = `${words.textContent}${narrow && note ? ` ${note}` : ''}`;
  return text;
}

function rowElement(row, before) {
  const attributes = {class: `row ${row.kind}`};
  if (row.kind === 'step') {
    const {step} = row;
    attributes.href = `#step=${step.index + 1}`;
    attributes.tabindex = '-1';
    attributes['aria-label'] = `step ${step.index + 1}, ${cpuName(step.cpu)}: ${stepText(step)} ${
        rolesOf(step.index).join(', ')}`;
    if (!step.shown) attributes.class += ' dim';
    if (byHardware(step)) attributes.class += ' hardware';
    if (step.index === noReturn) attributes.class += ' turning';
  }
  const element = make(
      row.kind === 'step'    ? 'a' :
          row.kind === 'gap' ? 'button' :
                               'div',
      attributes);
  const svg = draw('svg', {width: layout.width, height: rowHeight, 'aria-hidden': 'true'});
  drawOps(svg, row);
  drawArrows(svg, row);
  if (row.kind === 'step') drawMark(svg, row);
  drawStrips(svg, row, before);
  element.append(svg);
  const label = row.kind === 'step' ? row.from + 1 : row.kind === 'blocked' ? '\u2013' : '';
  element.append(make('span', {class: 'number'}, `${label}`), textOf(row));
  return element;
}

function drawHeads() {
  const heads = byId('heads');
  const at = (class_, x, width, text, title) => {
    const element = make('span', {class: class_}, text);
    element.style.left = `${x}px`;
    element.style.width = `${width}px`;
    if (title) element.title = title;
    return element;
  };
  const children = [at('step-head', 0, numberWidth() - 8, narrow ? '' : 'step')];
  for (const cpu of cpus) {
    const lane = layout.lanes.get(cpu);
    children.push(
        at('lane-head', lane.slot, lane.end - lane.slot, layout.inColumns ? cpuName(cpu) : `${cpu}`,
           cpuName(cpu)));
  }
  for (const group of layout.groups) {
    if (group.title)
      children.push(at('group-head', group.x, Math.max(group.width, 50), group.title));
    for (const strip of group.strips)
      children.push(at('strip-head', strip.x, strip.width, strip.label, strip.title));
  }
  heads.replaceChildren(...children);
}

// A row whose words do not fit becomes as tall as they need. Rows are in the document, which is how
// that is known; all are measured before any is changed, so that it is laid out but twice.
function giveRoom() {
  const usual = rowHeight;
  const isCut = ({element}) => {
    const words = element.querySelector('.words');
    return words.scrollWidth > words.clientWidth || words.parentNode.offsetHeight > rowHeight;
  };
  const cut = new Set(rows.filter(isCut));
  for (const {element} of cut) element.classList.add('tall');
  const heights = new Map([...cut].map(
      (row) => [row, Math.max(usual, row.element.querySelector('.text').offsetHeight + 3)]));
  let before = null;
  for (const row of rows) {
    if (cut.has(row)) {
      rowHeight = heights.get(row);
      const taller = rowElement(row, before);
      taller.classList.add('tall');
      taller.style.setProperty('--row', `${rowHeight}px`);
      row.element.replaceWith(taller);
      row.element = taller;
      rowHeight = usual;
    }
    before = row.to;
  }
}

// Draws the timeline for a box that is `width` wide; `rowHeight` and `narrow` are set.
function drawTimeline(width, letter, all, chosen) {
  findRows(all);
  layout = place(width, letter, chosen);
  drawHeads();
  let before = null;
  const elements = rows.map((row) => {
    const element = rowElement(row, before);
    before = row.to;
    row.element = element;
    return element;
  });
  const list = byId('rows');
  list.style.width = byId('heads').style.width = `${layout.width}px`;
  list.replaceChildren(...elements);
  giveRoom();
}
