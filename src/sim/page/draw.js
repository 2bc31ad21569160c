"use strict";
// The drawing of the lanes: everything on the big canvas but the cursor.
//   1. Only what is in the visible span is looked at, and no more of it than can be told apart.
//   2. What is left out is said: `note` tells how many messages one drawn line stands for.

const MOST_MESSAGES = 3000;
const MOST_ARROWS = 500;
const MOST_STEPS = 600;

/** The colours of the page's style, by the names it gives them. */
class Palette {
  constructor() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    for (const name of ["ink", "muted", "line", "surface", "band", "accent", "bad", "warn",
      "good", "chart-last", "chart-commit", "chart-applied", "selected", "hatch"]) {
      this[name] = colour(name);
    }
    this.roles = {};
    for (const role of ["leader", "candidate", "pre_candidate", "follower", "learner", "down",
      "removed"]) {
      this.roles[role] = colour(`role-${role.replace("_", "-")}`);
    }
    this.groups = {};
    for (const group of ["append", "heartbeat", "vote", "snapshot", "other"]) {
      this.groups[group] = colour(`message-${group}`);
    }
    this.outcomes = { ok: colour("good"), refused: colour("warn"), unknown: colour("unknown"),
      open: colour("muted") };
    this.font = style.getPropertyValue("--sans").trim();
  }
}

/** A canvas of the page's size in the screen's pixels; gives its context, cleared. */
function prepareCanvas(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function hatchPattern(context, colour) {
  const ratio = window.devicePixelRatio || 1;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8 * ratio;
  const pen = tile.getContext("2d");
  pen.scale(ratio, ratio);
  pen.strokeStyle = colour;
  pen.lineWidth = 1.4;
  pen.beginPath();
  for (const shift of [-8, 0, 8]) {
    pen.moveTo(shift - 1, 9);
    pen.lineTo(shift + 9, -1);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}

class LaneDrawing {
  constructor(canvas, view) {
    this.canvas = canvas;
    this.view = view;
    this.drawn = []; // the messages drawn last, for the pointer to find
    this.note = "";
  }

  draw(palette) {
    const { view } = this;
    this.palette = palette;
    this.pen = prepareCanvas(this.canvas, view.width, view.height);
    this.hatch = hatchPattern(this.pen, palette.hatch);
    this.pen.textBaseline = "middle";
    for (const lane of view.lanes) this.#laneGround(lane);
    if (view.filter.groups.has("fault")) this.#faults();
    const scale = this.#indexScale();
    for (const lane of view.lanes) {
      this.#chart(lane, scale);
      this.#outages(lane);
    }
    this.#messages();
    for (const lane of view.lanes) this.#rail(lane);
    for (const lane of view.clientLanes) this.#clientLane(lane);
    this.#violations();
  }

  #font(size, weight = 400) {
    this.pen.font = `${weight} ${size}px ${this.palette.font}`;
  }

  /** Text that stays readable over lines. */
  #haloed(text, x, y) {
    const { pen, palette } = this;
    pen.strokeStyle = palette.surface;
    pen.lineWidth = 3.5;
    pen.lineJoin = "round";
    pen.strokeText(text, x, y);
    pen.fillText(text, x, y);
  }

  /** The span from..to on the canvas, cut to what is visible; null if nothing of it is. */
  #cut(from, to) {
    const left = Math.max(-2, this.view.x(from));
    const right = Math.min(this.view.width + 2, this.view.x(Math.min(to, this.view.to)));
    return right < 0 || left > this.view.width ? null : { left, width: Math.max(0, right - left) };
  }

  #laneGround(lane) {
    const { pen, palette, view } = this;
    if (lane.node.id === view.selectedNode) {
      pen.fillStyle = palette.selected;
      pen.fillRect(0, lane.y, view.width, lane.height);
    }
    pen.fillStyle = palette.line;
    pen.fillRect(0, lane.y + lane.height - 1, view.width, 1);
  }

  #outages(lane) {
    const { pen, palette, view } = this;
    this.#font(10.5, 600);
    for (const outage of lane.node.outages) {
      const cut = this.#cut(outage.from, Math.min(outage.to, view.trace.duration));
      if (!cut) continue;
      pen.fillStyle = this.hatch;
      pen.fillRect(cut.left, lane.y + 1, Math.max(1.5, cut.width), lane.height - 2);
      if (cut.width > 60) {
        pen.fillStyle = palette.muted;
        this.#haloed(outage.what, cut.left + 8, lane.y + lane.height - 12);
      }
    }
  }

  #faults() {
    const { pen, palette, view } = this;
    this.#font(11, 500);
    for (const fault of view.trace.faults) {
      if (fault.from > view.to) break;
      const cut = this.#cut(fault.from, fault.to);
      if (!cut) continue;
      const y = view.faultLane.y + fault.row * 18;
      const lasting = fault.to > fault.from;
      pen.globalAlpha = fault.nodes.length ? 0.1 : 0.04;
      pen.fillStyle = palette.warn;
      const lanes = fault.nodes.length ? fault.nodes.map((id) => view.laneOf.get(id)) : view.lanes;
      for (const lane of lasting ? lanes : []) {
        if (lane) pen.fillRect(cut.left, lane.y, cut.width, lane.height - 1);
      }
      pen.globalAlpha = 1;
      this.#faultLabel(fault, cut, y, lasting);
    }
  }

  #faultLabel(fault, cut, y, lasting) {
    const { pen, palette } = this;
    pen.fillStyle = palette.warn;
    if (!lasting) {
      pen.beginPath();
      pen.moveTo(cut.left, y + 2);
      pen.lineTo(cut.left + 5, y + 8);
      pen.lineTo(cut.left, y + 14);
      pen.lineTo(cut.left - 5, y + 8);
      pen.fill();
      return;
    }
    pen.beginPath();
    pen.roundRect(cut.left, y, Math.max(2, cut.width), 15, 3);
    pen.globalAlpha = 0.22;
    pen.fill();
    pen.globalAlpha = 1;
    pen.fillRect(cut.left, y, Math.min(2, cut.width), 15);
    if (cut.width > 24) {
      pen.fillStyle = palette.ink;
      this.#clipped(fault.text, cut.left + 7, y + 8, cut.width - 10);
    }
  }

  #clipped(text, x, y, width) {
    const { pen } = this;
    if (pen.measureText(text).width > width) {
      const fitting = Math.floor(text.length * (width / pen.measureText(text).width)) - 1;
      if (fitting < 2) return;
      pen.fillText(`${text.slice(0, fitting)}…`, x, y);
    } else {
      pen.fillText(text, x, y);
    }
  }

  /** Least and greatest index of any shown node within the span; all charts share it. */
  #indexScale() {
    let low = Infinity;
    let high = 0;
    for (const lane of this.view.lanes) {
      for (const point of (lane.points = this.#chartPoints(lane.node))) {
        low = Math.min(low, point.applied);
        high = Math.max(high, point.last, point.commit);
      }
    }
    return high > low ? { low, high } : { low: Math.max(0, low - 1), high: Math.max(1, high) };
  }

  /** The visible states of a node, at most one per pixel. */
  #chartPoints(node) {
    const { view } = this;
    const first = Math.max(0, countUpTo(node.states, view.from, timeOf) - 1);
    const points = [];
    for (let i = first; i < node.states.length && node.states[i].t <= view.to; ++i) {
      const state = node.states[i];
      const x = Math.round(view.x(state.t) * 2) / 2;
      const point = { x, last: state.last ?? 0, commit: state.commit ?? 0,
        applied: state.applied ?? 0 };
      if (points.length && points.at(-1).x === x) points[points.length - 1] = point;
      else points.push(point);
    }
    return points;
  }

  #chart(lane, scale) {
    const { pen, palette } = this;
    const bottom = lane.chart + lane.chartHeight;
    const y = (value) => bottom - ((value - scale.low) / (scale.high - scale.low))
      * lane.chartHeight;
    lane.labels = [];
    if (!lane.points.length) return;
    this.#stepPath(lane.points, (point) => y(point.last), bottom);
    pen.fillStyle = palette["chart-last"];
    pen.fill();
    this.#stepPath(lane.points, (point) => y(point.commit), null);
    pen.strokeStyle = palette["chart-commit"];
    pen.lineWidth = 1.5;
    pen.stroke();
    this.#stepPath(lane.points, (point) => y(point.applied), null);
    pen.strokeStyle = palette["chart-applied"];
    pen.lineWidth = 1;
    pen.setLineDash([2, 2]);
    pen.stroke();
    pen.setLineDash([]);
    lane.labels = [[scale.high, lane.chart + 6], [scale.low, bottom - 4]];
  }

  /** What the chart's top and bottom stand for; after the messages, so that it can be read. */
  #chartLabels(lane) {
    this.#font(9.5);
    this.pen.fillStyle = this.palette.muted;
    this.pen.textAlign = "right";
    for (const [value, y] of lane.labels) {
      this.#haloed(String(value), this.view.width - 5, y);
    }
    this.pen.textAlign = "left";
  }

  /** Steps through the points; closed down to the ground if there is one. */
  #stepPath(points, height, ground) {
    const { pen, view } = this;
    const end = Math.min(view.width + 2, view.x(view.trace.duration));
    const start = Math.max(-2, points[0].x);
    pen.beginPath();
    if (ground !== null) pen.moveTo(start, ground);
    points.forEach((point, i) => {
      const left = Math.max(-2, point.x);
      const right = i + 1 < points.length ? points[i + 1].x : end;
      if (i === 0 && ground === null) pen.moveTo(left, height(point));
      else pen.lineTo(left, height(point));
      pen.lineTo(Math.max(left, right), height(point));
    });
    if (ground !== null) {
      pen.lineTo(end, ground);
      pen.closePath();
    }
  }

  #messages() {
    const { view } = this;
    const visible = [];
    view.trace.eachMessage(view.from, view.to, (message) => {
      if (view.filter.showsMessage(message)) visible.push(message);
    });
    const every = Math.ceil(visible.length / MOST_MESSAGES);
    // By its number, so that the same ones stay while the view moves.
    this.drawn = every > 1 ? visible.filter((message) => message.line % every === 0) : visible;
    this.note = every > 1
      ? `1 in ${every} messages drawn; zoom in for all`
      : "";
    const crowded = this.drawn.length;
    this.pen.globalAlpha = Math.min(0.95, Math.max(0.22, 260 / Math.max(1, crowded)));
    for (const group of Object.keys(this.palette.groups)) {
      this.#whole(this.drawn.filter((m) => m.group === group && m.lost === undefined), group);
    }
    const lost = this.drawn.filter((message) => message.lost !== undefined);
    this.pen.globalAlpha = Math.min(0.95, Math.max(0.35, 200 / Math.max(1, lost.length)));
    this.#lost(lost);
    this.pen.globalAlpha = 1;
  }

  #whole(messages, group) {
    const { pen, view, palette } = this;
    const arrows = this.drawn.length <= MOST_ARROWS;
    pen.strokeStyle = pen.fillStyle = palette.groups[group];
    pen.lineWidth = this.drawn.length < 200 ? 1.4 : 1;
    pen.beginPath();
    for (const message of messages) {
      const line = view.segment(message);
      pen.moveTo(line.x1, line.y1);
      pen.lineTo(line.x2, line.y2);
    }
    pen.stroke();
    for (const message of arrows ? messages : []) this.#arrow(view.segment(message), message);
  }

  #arrow(line, message) {
    const { pen } = this;
    const angle = Math.atan2(line.y2 - line.y1, line.x2 - line.x1);
    // The tip touches the rail's edge, not its middle.
    const tip = { x: line.x2 - Math.cos(angle) * 5, y: line.y2 - Math.sin(angle) * 5 };
    pen.beginPath();
    pen.moveTo(tip.x, tip.y);
    pen.lineTo(tip.x - 7 * Math.cos(angle - 0.38), tip.y - 7 * Math.sin(angle - 0.38));
    pen.lineTo(tip.x - 7 * Math.cos(angle + 0.38), tip.y - 7 * Math.sin(angle + 0.38));
    pen.fill();
    if (message.copy_of === undefined) return;
    this.#font(10, 700);
    this.#haloed("×2", (line.x1 + line.x2) / 2 + 4, (line.y1 + line.y2) / 2);
  }

  #lost(messages) {
    const { pen, view, palette } = this;
    const few = messages.length <= MOST_ARROWS;
    pen.strokeStyle = palette.bad;
    pen.lineWidth = 1.3;
    if (few) pen.setLineDash([4, 3]);
    pen.beginPath();
    const lines = messages.map((message) => view.segment(message));
    for (const line of lines) {
      pen.moveTo(line.x1, line.y1);
      pen.lineTo(line.x2, line.y2);
    }
    pen.stroke();
    pen.setLineDash([]);
    if (!few) return;
    pen.lineWidth = 1.8;
    pen.beginPath();
    for (const { x2, y2 } of lines) {
      pen.moveTo(x2 - 4, y2 - 4);
      pen.lineTo(x2 + 4, y2 + 4);
      pen.moveTo(x2 + 4, y2 - 4);
      pen.lineTo(x2 - 4, y2 + 4);
    }
    pen.stroke();
  }

  #rail(lane) {
    const { pen, palette, view } = this;
    const { roles } = lane.node;
    let labelled = -Infinity;
    for (let i = Math.max(0, countUpTo(roles, view.from, (run) => run.from) - 1);
      i < roles.length && roles[i].from <= view.to; ++i) {
      const run = roles[i];
      const cut = this.#cut(run.from, Math.min(run.to, view.trace.duration));
      if (!cut) continue;
      const thick = run.role === "leader" ? 10 : run.role === "follower" ? 5 : 7;
      pen.fillStyle = palette.roles[run.role] ?? palette.muted;
      pen.fillRect(cut.left, lane.rail - thick / 2, Math.max(1, cut.width), thick);
      const x = Math.max(4, cut.left);
      if (x < labelled) continue;
      labelled = x + this.#railLabel(run, x, lane, cut.width);
    }
    this.#steps(lane);
    this.#nodeEvents(lane);
    this.#chartLabels(lane);
  }

  /** The term, where it changes, and the role if there is room; returns the width used. */
  #railLabel(run, x, lane, width) {
    const { pen, palette } = this;
    const fromHere = x > 4;
    if (fromHere && !run.newTerm && !run.newRole) return 0;
    this.#font(10.5, 600);
    const role = (run.role ?? "").replace("_", "-");
    const wordy = `${role} · term ${run.term ?? 0}`;
    const text = width > pen.measureText(wordy).width + 12 ? wordy : `term ${run.term ?? 0}`;
    if (width < 24 && run.role !== "leader") return 0;
    pen.fillStyle = run.role === "leader" ? palette.roles.leader : palette.muted;
    this.#haloed(text, x, lane.rail - 13);
    return pen.measureText(text).width + 10;
  }

  #steps(lane) {
    const { pen, palette, view } = this;
    if (!view.filter.groups.has("step")) return;
    const { steps } = lane.node;
    const first = countUpTo(steps, view.from, timeOf);
    const end = countUpTo(steps, view.to, timeOf);
    if (end - first > MOST_STEPS) return;
    pen.fillStyle = palette.muted;
    for (let i = first; i < end; ++i) pen.fillRect(view.x(steps[i].t) - 0.5, lane.rail + 7, 1, 4);
  }

  #nodeEvents(lane) {
    const { pen, palette, view } = this;
    const { events } = lane.node;
    if (!view.filter.groups.has("fault")) return;
    this.#font(10.5, 600);
    let labelled = -Infinity;
    for (let i = countUpTo(events, view.from, timeOf);
      i < events.length && events[i].t <= view.to; ++i) {
      const event = events[i];
      const x = view.x(event.t);
      const ends = ["crash", "stop", "pause", "remove", "disk"].includes(event.event);
      pen.fillStyle = ends ? palette.bad : palette.good;
      pen.beginPath();
      pen.arc(x, lane.rail, 5, 0, 7);
      pen.fill();
      if (x < labelled || event.t === 0) continue;
      this.#haloed(event.event, x + 8, lane.rail + 14);
      labelled = x + 20 + pen.measureText(event.event).width;
    }
  }

  #clientLane(lane) {
    const { pen, palette, view } = this;
    const { ops } = lane.client;
    this.#font(10.5);
    const begin = Math.max(0, countUpTo(ops, view.from, (op) => op.from) - 64);
    for (let i = begin; i < ops.length && ops[i].from <= view.to; ++i) {
      const op = ops[i];
      const cut = this.#cut(op.from, Math.min(op.to, view.trace.duration));
      if (!cut) continue;
      const y = lane.y + 3 + op.row * 17;
      pen.fillStyle = palette.outcomes[op.outcome] ?? palette.muted;
      pen.globalAlpha = 0.26;
      pen.fillRect(cut.left, y, Math.max(1.5, cut.width), 14);
      pen.globalAlpha = 1;
      pen.fillRect(cut.left, y, Math.min(2, Math.max(1, cut.width)), 14);
      if (cut.width < 26) continue;
      pen.fillStyle = palette.ink;
      const answer = { ok: op.answer, open: "" }[op.outcome] ?? op.outcome;
      this.#clipped(answer ? `${op.text} → ${answer}` : op.text, cut.left + 6, y + 7.5,
        cut.width - 8);
    }
  }

  #violations() {
    const { pen, palette, view } = this;
    for (const violation of view.trace.violations) {
      const x = view.x(violation.t);
      if (x < -4 || x > view.width + 4) continue;
      pen.fillStyle = pen.strokeStyle = palette.bad;
      pen.globalAlpha = 0.8;
      pen.fillRect(x - 1, 0, 2, view.height);
      pen.globalAlpha = 1;
      pen.lineWidth = 2.5;
      for (const id of violation.nodes) {
        const lane = view.laneOf.get(id);
        if (!lane) continue;
        pen.beginPath();
        pen.arc(x, lane.rail, 11, 0, 7);
        pen.stroke();
      }
      this.#font(11, 700);
      const width = pen.measureText(violation.check).width + 14;
      const left = Math.min(Math.max(0, x + 5), view.width - width);
      pen.beginPath();
      pen.roundRect(left, view.height - 24, width, 18, 4);
      pen.fill();
      pen.fillStyle = palette.surface;
      pen.fillText(violation.check, left + 7, view.height - 14.5);
    }
  }
}
