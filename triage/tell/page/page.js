// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What is around the timeline, and how to move in it: keys, buttons, links (#step=N), print.

let current = lastStep;
let chosenPages = null;  // null: those that fit
let printing = false;
const kPrintWidth = 700;  // of A4 and of Letter, within their margins
const kNarrow = 560;      // a window in which texts have two lines, and details are folded
const showsAll = () => byId('all').checked || printing;

// --- What stands there once ---

async function copy(button, element) {
  let done = false;
  try {
    await navigator.clipboard.writeText(element.textContent);
    done = true;
  } catch {
    // From file:// there may be no clipboard: select it, so that it can be copied by hand.
    const selection = window.getSelection();
    selection.selectAllChildren(element);
    done = document.execCommand('copy');
  }
  button.textContent = done ? 'copied' : 'selected: press Ctrl+C';
  setTimeout(() => {
    button.textContent = 'copy';
  }, 2000);
}

function fact(name, text, withCopy) {
  if (!text) return;
  const code = make('code', {}, text);
  const value = make('dd', {}, code);
  if (withCopy) {
    const button = make('button', {id: `copy-${name}`, 'aria-label': `copy the ${name}`}, 'copy');
    button.addEventListener('click', () => copy(button, code));
    value.append(' ', button);
  }
  byId('facts').append(make('dt', {}, name), value);
}

function drawHeader() {
  const title = byId('title');
  title.append(make(
      'span', {class: data.clean ? 'verdict' : 'verdict bad'},
      data.clean && data.kind === 'none' ? 'no violation' : data.kind));
  if (data.call) title.append(' in ', data.call);
  const file = data.name.split('/').pop();
  document.title = `${title.firstChild.textContent}: ${data.policy} (${data.arch}), ${file}`;
  byId('meta').append(
      'policy ', make('b', {}, data.policy), ' on ', make('b', {}, data.arch),
      ` \u00b7 ${data.total} steps \u00b7 `, make('span', {class: 'file'}, data.name));
  byId('summary').textContent = data.summary;
  if (firstStep > 0) {
    byId('cut').hidden = false;
    byId('cut').textContent = `The run is too long for one page: it shows the last ${
                                  steps.length} of ${data.total} steps, ` +
        `from the state after step ${firstStep}. The replay shows all.`;
  }
  fact('signature', data.explanation && data.explanation.signature, false);
  fact('replay', data.replay, true);
  fact('intent', data.intent, false);
  byId('text').textContent = data.text;
  byId('copy-text').addEventListener('click', () => copy(byId('copy-text'), byId('text')));
}

function stepLink(index, text) {
  if (!isStep(index)) return make('span', {class: 'at'}, text);
  return make('a', {class: 'at', href: `#step=${index + 1}`}, text);
}

function drawWhy() {
  const why = data.explanation;
  if (!why) return;
  for (const sentence of why.chain) {
    const at = stepLink(sentence.step, sentence.step < 0 ? 'start' : `${sentence.step + 1}`);
    byId('chain').append(make('li', {}, at, make('span', {}, sentence.text)));
  }
  drawNoReturn(why.noReturn);
  drawOthers(why.others);
  byId('why').hidden = why.chain.length === 0;
}

function drawNoReturn(turn) {
  if (!turn.text) return;
  byId('no-return').hidden = false;
  const head = make('h2', {}, 'Point of no return');
  if (turn.step >= 0) head.append(' ', stepLink(turn.step, `step ${turn.step + 1}`));
  byId('no-return').append(head, make('p', {}, turn.text));
  if (turn.rescue.length === 0) return;
  const list = make('ol', {});
  turn.rescue.forEach((step, i) => {
    const saves = i === turn.rescue.length - 1;
    list.append(make(
        'li', saves ? {class: 'saves'} : {}, step,
        saves ? make('span', {class: 'role'}, 'saves') : null));
  });
  byId('no-return')
      .append(
          make('details', {}, make('summary', {}, 'What would have had to come before it'), list));
}

function drawOthers(others) {
  if (others.length === 0) return;
  byId('others').hidden = false;
  const survives = (other) => other.verdict === 'none';
  const groups = [
    [
      'survive, in every order of these programs',
      (other) => survives(other) && other.explored && other.anyOrder === 'none', () => ''
    ],
    [
      'survive this order (not every order was explored)',
      (other) => survives(other) && !other.explored, () => ''
    ],
    [
      'survive this order, but not every one',
      (other) => survives(other) && other.explored && other.anyOrder !== 'none',
      (other) => ` (${other.anyOrder})`
    ],
    ['violate', (other) => !survives(other), (other) => ` (${other.verdict})`],
  ];
  byId('others').append(make('h2', {}, 'The same schedule under the other policies'));
  for (const [what, belongs, why] of groups) {
    const names = others.filter(belongs).map((other) => other.policy + why(other));
    if (names.length === 0) continue;
    byId('others').append(make('p', {}, make('b', {}, `${what}: `), names.join(', ')));
  }
}

function drawLegend() {
  const sample = (what, ...shapes) => make(
      'span', {class: 'sample'},
      draw('svg', {width: 20, height: 14, 'aria-hidden': 'true'}, ...shapes), ` ${what}`);
  const strips = (class_) =>
      [draw('rect', {class: `cell ${class_}`, x: 1, y: 0, width: 18, height: 14}),
       ...(class_.includes('the') ? [draw('path', {class: 'the-edge', d: 'M2 0V14M18 0V14'})] :
                                    [])];
  byId('legend').append(
      sample('kernel step', draw('circle', {class: 'mark', cx: 10, cy: 7, r: 3})),
      sample(
          'hardware walk', draw('path', {class: 'walk', d: 'M10 2.5l4.5 4.5l-4.5 4.5l-4.5 -4.5z'})),
      sample(
          'invalidation issued', draw('rect', {class: 'issue', x: 6, y: 3, width: 8, height: 8})),
      sample(
          'on its way, delivered', draw('path', {class: 'arrow', d: 'M3 0V7H9'}),
          draw('path', {class: 'arrow-head', d: 'M11 7l-6 -3.5v7z'}),
          draw('path', {class: 'delivery', d: 'M15 2.5l4.5 4.5l-4.5 4.5l-4.5 -4.5z'})),
      sample('gather', draw('rect', {class: 'gather', x: 8, y: 0, width: 4, height: 14})),
      sample('operation', draw('rect', {class: 'op', x: 5, y: 0, width: 10, height: 14})),
      sample('waits', draw('rect', {class: 'op waits', x: 5, y: 0, width: 10, height: 14})),
      sample('PTE, frame mapped', ...strips('pte')), sample('TLB entry', ...strips('tlb')),
      sample('stale: its PTE is gone', ...strips('stale')),
      ...(data.clean || (violation.page < 0) ?
              [] :
              [sample('the one that violates', ...strips('stale the'))]),
      sample('frame held, not mapped', ...strips('held')),
      sample('queued (Q)', ...strips('queued')), sample('in use again (R)', ...strips('reused')),
      sample('pend: tlb_flush_pending above 1', ...strips('nesting')),
      make(
          'span', {class: 'words-of-strips'},
          'Numbers in strips are mappings, a d behind them: dirty; inv: only software sees it; ' +
              'frm: the frame; ptr: points to the table. Flags of entries: w writable, ' +
              'r read-only, a accessed, d dirty.'),
      make(
          'span', {class: 'keys'}, 'Keys: \u2190 \u2192 or p n step, Home End',
          data.clean ? '' : ', v violation', noReturn >= 0 ? ', t point of no return' : '',
          data.shown.includes('0') ? ', a all steps' : '', '.'));
}

function drawPageChoice() {
  const group = byId('pages');
  group.hidden = data.pages.length < 2;
  const buttons = pagesByWeight.map((page) => {
    const shown = layout.pages.includes(page);
    const button =
        make('button', {'aria-pressed': `${shown}`, title: `Strips of page ${page}`}, `${page}`);
    button.addEventListener('click', () => {
      const others = layout.pages.filter((other) => other !== page);
      chosenPages =
          pagesByWeight.filter((other) => (other === page ? !shown : others.includes(other)));
      redraw();
      group.querySelectorAll('button')[pagesByWeight.indexOf(page)].focus();
    });
    return button;
  });
  group.replaceChildren('pages ', ...buttons);
}

// --- Drawing again ---

function letterWidth() {
  const probe = make('span', {class: 'words probe'}, 'm'.repeat(100));
  byId('rows').append(probe);
  const width = probe.getBoundingClientRect().width / 100;
  probe.remove();
  return width || 7;
}

// Tells the style sheet where an element begins.
function tellTop(name, element) {
  const top = element.getBoundingClientRect().top + window.scrollY;
  document.documentElement.style.setProperty(name, `${Math.ceil(top)}px`);
}

function redraw(width) {
  const box = byId('box');
  narrow = !printing && window.innerWidth <= kNarrow;
  rowHeight = printing ? 14 : narrow ? 38 : 20;
  document.body.classList.toggle('narrow', narrow);
  document.documentElement.style.setProperty('--row', `${rowHeight}px`);
  for (const [id, most] of [['stale', 10], ['queued', 4], ['waiting', 4]]) {
    const tile = rowHeight / Math.ceil(rowHeight / most);  // so that rows join
    byId(id).setAttribute('width', tile);
    byId(id).setAttribute('height', tile);
  }
  drawTimeline(Math.floor(width || box.clientWidth), letterWidth(), showsAll(), chosenPages);
  byId('beyond-edge').hidden = printing || layout.width <= box.clientWidth;
  for (const row of rows) {
    if (row.kind === 'gap') row.element.addEventListener('click', () => open(row));
  }
  drawPageChoice();
  tellTop('--above-box', box);
  mark();
}

function open(row) {
  for (let i = row.from; i <= row.to; ++i) opened.add(i);
  redraw();
  go(row.from);
}

// --- Where we are ---

function rowOf(index) {
  return rows.find((row) => row.kind === 'step' && row.from === index);
}

// Marks the current step in the timeline, and shows its state.
function mark() {
  for (const element of document.querySelectorAll('.row.current')) {
    element.classList.remove('current');
    element.removeAttribute('aria-current');
    element.tabIndex = -1;
  }
  const row = rowOf(current);
  if (row) {
    row.element.classList.add('current');
    row.element.setAttribute('aria-current', 'step');
    row.element.tabIndex = 0;
  }
  byId('where').textContent =
      steps.length === 0 ? 'no steps' : `step ${current + 1} of ${data.total}`;
  byId('first').disabled = byId('back').disabled = current <= firstStep;
  byId('last').disabled = byId('forth').disabled = current >= lastStep;
  drawMachine(current);
}

// Brings the current row into view within the box, below its heading.
function reveal() {
  const row = rowOf(current);
  if (!row) return;
  const box = byId('box'), margin = 3 * rowHeight, head = byId('heads').offsetHeight;
  const top = row.element.offsetTop;
  if (top - margin < box.scrollTop + head) box.scrollTop = top - head - margin;
  if (top + rowHeight + margin > box.scrollTop + box.clientHeight)
    box.scrollTop = top + rowHeight + margin - box.clientHeight;
}

function go(index, options = {}) {
  if (steps.length === 0) return;
  current = Math.min(Math.max(index, firstStep), lastStep);
  if (!rowOf(current)) {
    const gap = rows.find((row) => row.kind === 'gap' && row.from <= current && current <= row.to);
    for (let i = gap.from; i <= gap.to; ++i) opened.add(i);
    redraw();
  } else {
    mark();
  }
  reveal();
  if (options.focus) rowOf(current).element.focus({preventScroll: true});
  if (options.keepHash) return;
  window.history.replaceState(null, '', `#step=${current + 1}`);
}

// The next step that is shown, in either direction.
function move(direction) {
  const shown = rows.filter((row) => row.kind === 'step').map((row) => row.from);
  const next = direction > 0 ? shown.find((index) => index > current) :
                               shown.filter((index) => index < current).pop();
  if (next !== undefined) go(next);
}

const violationStep = data.clean ? -1 : lastStep;
const actions = {
  first: () => go(firstStep),
  back: () => move(-1),
  forth: () => move(1),
  last: () => go(lastStep),
  violation: () => violationStep >= 0 && go(violationStep),
  turn: () => isStep(noReturn) && go(noReturn),
};
const keys = {
  ArrowLeft: 'back',
  k: 'back',
  ArrowRight: 'forth',
  j: 'forth',
  Home: 'first',
  End: 'last',
  v: 'violation',
  // As in gatherfuzz step.
  n: 'forth',
  p: 'back',
  g: 'first',
  G: 'last',
  t: 'turn',
};

function stepInHash() {
  const found = /^#step=(\d+)$/.exec(location.hash);
  return found && isStep(found[1] - 1) ? found[1] - 1 : null;
}

function listen() {
  for (const [id, action] of Object.entries(actions)) byId(id).addEventListener('click', action);
  byId('violation').hidden = violationStep < 0;
  byId('turn').hidden = !isStep(noReturn);
  byId('all-label').hidden = !data.shown.includes('0');
  byId('all').addEventListener('change', () => {
    opened.clear();
    redraw();
    go(current);
  });
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest('pre')) return;
    if (event.key === 'a' && !byId('all-label').hidden) {
      byId('all').click();
    } else if (keys[event.key]) {
      actions[keys[event.key]]();
    } else {
      return;
    }
    event.preventDefault();
  });
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#step="]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.hash.slice('#step='.length) - 1, {focus: link.classList.contains('row')});
  });
  window.addEventListener('hashchange', () => {
    const index = stepInHash();
    if (index !== null) go(index, {keepHash: true});
  });
  let width = window.innerWidth;
  window.addEventListener('resize', () => {
    if (window.innerWidth === width || printing) return;
    width = window.innerWidth;
    fit();
    redraw();
    reveal();
  });
  window.addEventListener('beforeprint', () => print(true));
  window.addEventListener('afterprint', () => print(false));
}

// On paper: every step, in the width of a page.
function print(on) {
  printing = on;
  document.body.classList.toggle('printing', on);
  for (const details of document.querySelectorAll('details')) details.open = on;
  if (!on) fit();
  redraw(on ? kPrintWidth : undefined);
  if (!on) reveal();
}

// The timeline fills what the header leaves of the window, and is never too low to be of use.
function fit() {
  byId('about').open = window.innerWidth > kNarrow;
  tellTop('--above', byId('main'));
}

function start() {
  drawHeader();
  drawWhy();
  drawLegend();
  fit();
  listen();
  redraw();
  const asked = stepInHash();
  if (asked === null && data.clean) current = firstStep;
  go(asked === null ? current : asked, {keepHash: true});
  // Who opens the page sees its head; who follows a link to a step, that step.
  const row = asked !== null && rowOf(current);
  if (row && row.element.getBoundingClientRect().bottom > window.innerHeight)
    row.element.scrollIntoView({block: 'center'});
}
start();
