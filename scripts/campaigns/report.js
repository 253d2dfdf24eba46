// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The values of a curve under the pointer, and how long ago a time is. Without it the page lacks
// nothing else.
const count = (value) => value < 1e6 ? Math.round(value).toLocaleString("en") :
  new Intl.NumberFormat("en", {notation: "scientific", maximumSignificantDigits: 3})
    .format(value).replace(/(.*)E(.*)/, (_, digits, power) =>
      +(digits * 10 ** (power % 3)).toPrecision(3) + " " + " kMGTP"[Math.floor(power / 3)]);
const duration = (seconds) => {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  const [size, name] = units[first], [less, its] = units[first + 1] ?? [0];
  const rest = less ? Math.floor(seconds % size / less) : 0;
  return `${Math.floor(seconds / size)} ${name}` + (rest ? ` ${rest} ${its}` : "");
};
const tellAges = () => {
  for (const time of document.querySelectorAll("time")) {
    time.dataset.age = duration(Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000));
  }
};
tellAges();
setInterval(tellAges, 10000);
for (const svg of document.querySelectorAll("svg.curve")) {
  const [left, right, top, bottom] = svg.dataset.box.split(" ").map(Number);
  const points = [...svg.querySelector("polyline").points];
  const mark = svg.querySelector(".at"), said = svg.querySelector(".said");
  svg.addEventListener("pointermove", (event) => {
    const to = svg.getScreenCTM().inverse();
    const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(to).x;
    let point = points[0];
    for (const next of points) if (Math.abs(next.x - x) <= Math.abs(point.x - x)) point = next;
    const at = (point.x - left) / (right - left) * svg.dataset.end;
    const value = (bottom - point.y) / (bottom - top) * svg.dataset.top;
    mark.setAttribute("d", `M${point.x} ${top}V${bottom}M${point.x - 3} ${point.y}h6`);
    said.textContent = `${duration(Math.max(0, at))}: ${count(Math.max(0, value))}`;
    said.setAttribute("x", point.x < (left + right) / 2 ? point.x + 5 : point.x - 5);
    said.setAttribute("text-anchor", point.x < (left + right) / 2 ? "start" : "end");
  });
  svg.addEventListener("pointerleave", () => {
    mark.setAttribute("d", "");
    said.textContent = "";
  });
}
