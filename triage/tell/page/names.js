// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Values of cells in words, and the few helpers that build the page.

// An element with attributes, and children that are elements or plain text.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'class')
      element.className = value;
    else
      element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
function draw(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
const byId = (id) => document.getElementById(id);

const kPresent = 1, kWrite = 2, kAccessed = 4, kDirty = 8, kInvalid = 32,
      kGuard = 64;  // Pte flags
const kPagesPerPmd = 4, kPagesPerPud = 16, kNoRange = 64, kWholeMm = 255;

const cpuName = (cpu) => (cpu === data.kswapd ? 'kswapd' : `cpu${cpu}`);
const cpusOf = (mask) => cpus.filter((cpu) => mask >> cpu & 1).map(cpuName).join(', ');
const range = (begin, end) => `${begin}..${end}`;

function agentName(step) {
  return step.kind === kWalker ? `${cpuName(step.cpu)} [walk]` :
      step.kind === kDelivery ? `${cpuName(step.cpu)} [inv]` :
      step.kind === kLate     ? `${cpuName(step.cpu)} [late]` :
                                cpuName(step.cpu);
}
// Done by hardware: by the walker, by a delivery, or by a walk that an access takes.
const byHardware = (step) => step.kind !== kCpu || step.point.startsWith('walk_');

function stepText(step) {
  const marks = new Map([[kWalker, '[walk] '], [kDelivery, '[inv] '], [kLate, '[late] ']]);
  return (marks.get(step.kind) ?? '') + step.point + (step.page >= 0 ? `(${step.page})` : '') +
      (step.note && ` ${step.note}`);
}

function flagsText(flags) {
  return (flags & kWrite ? ' w' : ' r') + (flags & kAccessed ? 'a' : '') +
      (flags & kDirty ? 'd' : '') + (flags & kInvalid ? ' invalid' : '');
}
function entryText([mapping, frame, flags, level]) {
  if (!flags) return 'none';
  if (flags & kGuard) return 'guard marker';
  return `mapping ${mapping || 0} \u2192 frame ${frame || 0}${flagsText(flags)}${
      level ? ' huge' : ''}`;
}

function gatherBits([, , , , , bits = 0]) {
  return [
    'fullmm', 'need_flush_all', 'freed_tables', 'cleared_ptes', 'cleared_pmds', 'cleared_puds'
  ].filter((_, i) => bits >> i & 1);
}
function gatherRange([, start = 0, end = 0]) {
  return start === kWholeMm           ? 'whole mm' :
      start === kNoRange && end === 0 ? 'empty' :
                                        range(start, end);
}

function requestText([, whole, start = 0, end = 0, stride = 1, leaf, level]) {
  if (whole) return 'whole mm';
  return range(start, end) + (stride > 1 ? `, stride ${stride}` : '') +
      (leaf ? ', leaf only' : '') + (level ? `, level ${['PTE', 'PMD', 'PUD'][level - 1]}` : '');
}

const frameStates = ['free', 'data', 'table'];
function frameText([state = 0, generation = 0, mapped, level = 0, , queued, span]) {
  if (state === 0) return generation ? 'free' : 'never used';
  const kind = state === 1 ? 'data' : `${['PTE', 'PMD', 'PUD'][level]} table`;
  const where = queued ? `queued by ${cpuName(queued - 1)}` :
      state === 2 && span ? `linked, from page ${span - 1}` :
      mapped      ? (state === 1 ? 'mapped' : 'linked') :
      state === 1 ? 'not mapped' :
                    'not linked';
  return `${kind}, ${where}`;
}

// What the TLB of a CPU would translate a page with: its small entry, or the huge one.
function cached(cpu, page, time) {
  const small = cell(`tlb.${cpu}.${page}`, time);
  if (small[2]) return {entry: small, huge: false};
  const huge = cell(`huge.${cpu}.${Math.floor(page / kPagesPerPmd)}`, time);
  return huge[2] ? {entry: huge, huge: true} : null;
}
// Whether the TLB remembers that nothing translates the page.
const isAbsent = (cpu, page, time) => number(`absent.${cpu}`, time, page >> 5) >> (page & 31) & 1;
// An entry that the PTE does not stand behind any more.
function isStale(entry, page, time) {
  const pte = cell(`pte.${page}`, time);
  return !(pte[2] & kPresent) || pte[0] !== entry[0];
}
// The entry that the violation is about.
function isTheStale(cpu, entry) {
  return cpu === violation.holder && !violation.table && violation.mapping > 0 &&
      entry[0] === violation.mapping;
}
// The table pointer that the violation is about.
function isThePointer(cpu, [frame]) {
  return cpu === violation.holder && violation.table && frame === violation.frame;
}
