// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The run: what the data block holds, and the value of every cell after every step.
// Steps have the numbers of the trace, from 0; the page shows them from 1. machine_states.h says
// what the numbers of a cell's value are.

const data = JSON.parse(document.getElementById('data').textContent);
const nothing = [];
const kCpu = 0, kWalker = 1, kDelivery = 2, kLate = 3;  // kinds of agents
const kMaxCpus = 8;

const steps =
    data.steps.map(([agent, point, page, op, note, ...changes], k) => ({
                     index: data.first + k,
                     kind: Math.floor(agent / kMaxCpus),
                     cpu: agent % kMaxCpus,
                     point: data.points[point],
                     page,
                     op: data.ops[op],
                     note: data.notes[note],
                     shown: data.shown[k] === '1',
                     changes: changes.filter((_, i) => i % 2 === 0).map((cell) => data.cells[cell]),
                   }));
const firstStep = data.first;
const lastStep = data.first + steps.length - 1;
const stepAt = (index) => steps[index - firstStep];
const isStep = (index) => index >= firstStep && index <= lastStep;

// By name of a cell: the steps that changed it, and to what.
const cellHistory = new Map(data.cells.map((name) => [name, {times: [], values: []}]));
function remember(cell, time, value) {
  const {times, values} = cellHistory.get(data.cells[cell]);
  times.push(time);
  values.push(data.values[value]);
}
for (let i = 0; i < data.start.length; i += 2) {
  remember(data.start[i], firstStep - 1, data.start[i + 1]);
}
data.steps.forEach((step, k) => {
  for (let i = 5; i < step.length; i += 2) remember(step[i], firstStep + k, step[i + 1]);
});

// What is in a cell after step `time`: numbers, of which those at the end may be left out for 0.
function cell(name, time) {
  const known = cellHistory.get(name);
  if (!known) return nothing;
  let low = 0, high = known.times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (known.times[middle] <= time)
      low = middle + 1;
    else
      high = middle;
  }
  return low === 0 ? nothing : known.values[low - 1];
}
const number = (name, time, k) => cell(name, time)[k] || 0;
// The cells whose names begin so and that are ever in use, with what follows in their names.
function cellsOf(what) {
  const found = [];
  for (const name of cellHistory.keys()) {
    const parts = name.split('.');
    if (parts[0] === what) found.push({name, at: parts.slice(1).map(Number)});
  }
  return found.sort((a, b) => a.at[0] - b.at[0] || (a.at[1] || 0) - (b.at[1] || 0));
}

// The CPUs that have something to show.
const cpus = [];
for (let cpu = 0; cpu < data.cpus; ++cpu) {
  const used = steps.some((step) => step.cpu === cpu) ||
      [...cellHistory.keys()].some(
          (name) => /^(tlb|huge)\./.test(name) && +name.split('.')[1] === cpu);
  if (used) cpus.push(cpu);
}

const cause = data.explanation ? data.explanation.cause : null;
const noReturn = data.explanation ? data.explanation.noReturn.step : -1;
const violation = data.violation;

// Invalidations on their way: from the step that issues one to the step that delivers it on a CPU,
// or to beyond the end. `slot` sets those apart that are on their way to one CPU at a time.
const arrows = [];
const slots = new Array(kMaxCpus).fill(0);
function send(from, issuer, targets) {
  for (let cpu = 0; cpu < data.cpus; ++cpu) {
    if ((targets >> cpu & 1) === 0) continue;
    const busy =
        new Set(arrows.filter((a) => a.target === cpu && a.to === Infinity).map((a) => a.slot));
    let slot = 0;
    while (busy.has(slot)) ++slot;
    slots[cpu] = Math.max(slots[cpu], slot + 1);
    arrows.push({issuer, target: cpu, from, to: Infinity, slot});
  }
}
for (let cpu = 0; cpu < data.cpus; ++cpu)
  send(firstStep - 1, cpu, number(`inv.${cpu}`, firstStep - 1, 0));
for (const step of steps) {
  if (step.point === 'tlb_flush') {
    send(step.index, step.cpu, number(`inv.${step.cpu}`, step.index, 0));
  } else if (step.kind === kDelivery) {
    const arrow =
        arrows.find((a) => a.target === step.cpu && a.issuer === step.page && a.to === Infinity);
    if (arrow) arrow.to = step.index;
  }
}
