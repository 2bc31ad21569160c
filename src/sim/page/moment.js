"use strict";
// The drawings that follow the cursor: its line over the lanes with the messages that are under
// way, the axis, the overview of the whole run, and the ring of nodes as they are at the moment.

/** Steps of 1, 2 or 5 times a power of ten, so that about one fits in `room`. */
function niceStep(room) {
  const power = 10 ** Math.floor(Math.log10(room));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= room);
}

class AxisDrawing {
  constructor(canvas, view) {
    this.canvas = canvas;
    this.view = view;
  }

  draw(palette) {
    const { view } = this;
    const pen = prepareCanvas(this.canvas, view.width, 26);
    pen.font = `500 11px ${palette.font}`;
    pen.textBaseline = "middle";
    const step = niceStep(view.span / Math.max(2, view.width / 110));
    const places = Math.min(6, Math.max(0, -Math.floor(Math.log10(step / 1e6) + 1e-9)));
    for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
      if (t < 0 || t > view.trace.duration) continue;
      const x = view.x(t);
      pen.fillStyle = palette.line;
      pen.fillRect(x, 18, 1, 8);
      pen.fillStyle = palette.muted;
      pen.textAlign = "center";
      pen.fillText(`${(t / 1e6).toFixed(places)} s`, x, 9);
    }
    this.#flag(pen, palette);
  }

  #flag(pen, palette) {
    const { view } = this;
    const x = view.x(view.t);
    if (x < -40 || x > view.width + 40) return;
    const text = formatTime(view.t);
    const width = pen.measureText(text).width + 12;
    const left = Math.min(Math.max(0, x - width / 2), view.width - width);
    pen.fillStyle = palette.accent;
    pen.beginPath();
    pen.roundRect(left, 1, width, 17, 4);
    pen.fill();
    pen.fillRect(x - 0.75, 18, 1.5, 8);
    pen.fillStyle = palette.surface;
    pen.textAlign = "left";
    pen.fillText(text, left + 6, 10);
  }
}

/** How far a message has come at the time, 0 to 1; a lost one comes no further than its cross. */
function progressOf(message, t) {
  return Math.min(1, (t - message.t) / Math.max(1, message.ends - message.t));
}

class CursorDrawing {
  constructor(canvas, view) {
    this.canvas = canvas;
    this.view = view;
  }

  draw(palette) {
    const { view } = this;
    const pen = prepareCanvas(this.canvas, view.width, view.height);
    const x = view.x(view.t);
    if (x >= -1 && x <= view.width + 1) {
      pen.fillStyle = palette.accent;
      pen.fillRect(x - 0.75, 0, 1.5, view.height);
    }
    if (view.selectedMessage) this.#selected(pen, palette);
    this.#underWay(pen, palette);
  }

  #selected(pen, palette) {
    const line = this.view.segment(this.view.selectedMessage);
    if (!line) return;
    pen.strokeStyle = palette.accent;
    pen.lineWidth = 3;
    pen.beginPath();
    pen.moveTo(line.x1, line.y1);
    pen.lineTo(line.x2, line.y2);
    pen.stroke();
  }

  #underWay(pen, palette) {
    const { view } = this;
    view.trace.eachMessage(view.t, view.t, (message) => {
      const line = view.filter.showsMessage(message) ? view.segment(message) : null;
      if (!line) return;
      const share = progressOf(message, view.t);
      pen.fillStyle = message.lost ? palette.bad : palette.groups[message.group];
      pen.strokeStyle = palette.surface;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.arc(line.x1 + (line.x2 - line.x1) * share, line.y1 + (line.y2 - line.y1) * share,
        4.5, 0, 7);
      pen.fill();
      pen.stroke();
    });
  }
}

/** The whole run in a strip: who leads, how much is going on, what went wrong, what is in view. */
class OverviewDrawing {
  constructor(canvas, view) {
    this.canvas = canvas;
    this.view = view;
    this.height = 46;
  }

  x(t) {
    return (t / this.view.trace.duration) * this.width;
  }

  draw(palette, width) {
    this.width = width;
    const pen = prepareCanvas(this.canvas, width, this.height);
    const { trace } = this.view;
    pen.fillStyle = palette.band;
    pen.fillRect(0, 0, width, this.height);
    this.#activity(pen, palette);
    pen.fillStyle = palette.warn;
    for (const fault of trace.faults) {
      pen.globalAlpha = fault.to > fault.from ? 0.45 : 0.9;
      pen.fillRect(this.x(fault.from), 0, Math.max(1.5, this.x(fault.to) - this.x(fault.from)), 4);
    }
    pen.globalAlpha = 1;
    this.#leads(pen, palette);
    pen.fillStyle = palette.bad;
    for (const violation of trace.violations) {
      pen.fillRect(this.x(violation.t) - 1, 0, 2.5, this.height);
    }
    pen.fillStyle = palette.accent;
    const stride = Math.ceil(this.view.matches.length / 2000);
    for (let i = 0; i < this.view.matches.length; i += stride) {
      pen.fillRect(this.x(trace.times[this.view.matches[i]]) - 0.5, this.height - 20, 1, 5);
    }
    this.#window(pen, palette);
  }

  /** Messages sent per column of two pixels; counted once for each width. */
  #activity(pen, palette) {
    const columns = Math.max(1, Math.floor(this.width / 2));
    if (this.counts?.length !== columns) {
      this.counts = new Float64Array(columns);
      for (const { t } of this.view.trace.messages) {
        this.counts[Math.min(columns - 1,
          Math.floor((t / this.view.trace.duration) * columns))] += 1;
      }
      this.most = Math.max(1, ...this.counts);
    }
    pen.fillStyle = palette.groups.heartbeat;
    const floor = this.height - 15;
    for (let i = 0; i < columns; ++i) {
      const height = Math.sqrt(this.counts[i] / this.most) * (floor - 6);
      if (height > 0) pen.fillRect(i * 2, floor - height, 1.5, height);
    }
  }

  /** A bar where some node leads; a second one over it where two do. */
  #leads(pen, palette) {
    const nodes = [...this.view.trace.nodes.values()];
    nodes.forEach((node, i) => {
      for (const run of node.roles) {
        if (run.role !== "leader") continue;
        const left = this.x(run.from);
        const width = this.x(Math.min(run.to, this.view.trace.duration)) - left;
        pen.fillStyle = palette.roles.leader;
        pen.globalAlpha = i % 2 ? 0.75 : 1;
        pen.fillRect(left, this.height - 12, Math.max(1, width), 12);
        pen.globalAlpha = 1;
        pen.fillStyle = palette.surface;
        pen.font = `600 9.5px ${palette.font}`;
        pen.textBaseline = "middle";
        if (width > 20) pen.fillText(node.name, left + 4, this.height - 5.5);
      }
    });
  }

  #window(pen, palette) {
    const { view } = this;
    const left = Math.max(0, this.x(view.from));
    const right = Math.min(this.width, this.x(view.to));
    pen.fillStyle = palette.surface;
    pen.globalAlpha = 0.62;
    pen.fillRect(0, 0, left, this.height);
    pen.fillRect(right, 0, this.width - right, this.height);
    pen.globalAlpha = 1;
    pen.strokeStyle = palette.accent;
    pen.lineWidth = 1.5;
    pen.strokeRect(left + 0.75, 0.75, Math.max(3, right - left - 1.5), this.height - 1.5);
    pen.fillStyle = palette.accent;
    pen.fillRect(this.x(view.t) - 0.75, 0, 1.5, this.height);
  }
}

/** The nodes in a ring as they are at the cursor, and the messages between them. */
class RingDrawing {
  constructor(canvas, view) {
    this.canvas = canvas;
    this.view = view;
    this.places = new Map();
  }

  draw(palette) {
    const { view } = this;
    const width = this.canvas.parentElement.clientWidth;
    const height = 226;
    this.palette = palette;
    this.pen = prepareCanvas(this.canvas, width, height);
    this.pen.textAlign = "center";
    this.pen.textBaseline = "middle";
    const nodes = [...view.trace.nodes.values()].filter((node) => node.stateAt(view.line));
    const radius = Math.min(width / 2 - 40, height / 2 - 34);
    this.places.clear();
    nodes.forEach((node, i) => {
      const angle = (i / nodes.length) * 2 * Math.PI - Math.PI / 2;
      this.places.set(node.id, { x: width / 2 + radius * Math.cos(angle),
        y: height / 2 + 4 + radius * Math.sin(angle) });
    });
    this.#links();
    this.#messages();
    for (const node of nodes) this.#node(node, this.places.get(node.id));
  }

  #links() {
    const { pen, palette, view } = this;
    const places = [...this.places.values()];
    pen.strokeStyle = palette.line;
    pen.lineWidth = 1;
    pen.beginPath();
    places.forEach((a, i) => places.slice(i + 1).forEach((b) => {
      pen.moveTo(a.x, a.y);
      pen.lineTo(b.x, b.y);
    }));
    pen.stroke();
    for (const fault of view.trace.faults) {
      if (fault.from > view.t) break;
      // Two nodes that cannot reach each other have a link that is cut; else nodes are touched.
      if (fault.to < view.t || fault.nodes.length !== 2 || !/ reach /.test(fault.text)) continue;
      const [a, b] = fault.nodes.map((id) => this.places.get(id));
      if (!a || !b) continue;
      pen.strokeStyle = palette.bad;
      pen.lineWidth = 1.8;
      pen.setLineDash([4, 4]);
      pen.beginPath();
      pen.moveTo(a.x, a.y);
      pen.lineTo(b.x, b.y);
      pen.stroke();
      pen.setLineDash([]);
    }
  }

  #messages() {
    const { pen, palette, view } = this;
    view.trace.eachMessage(view.t, view.t, (message) => {
      const from = this.places.get(message.from);
      const to = this.places.get(message.to);
      if (!from || !to || !view.filter.showsMessage(message)) return;
      const limit = message.lost === undefined ? 1 : 0.55;
      const share = progressOf(message, view.t) * limit;
      pen.fillStyle = message.lost ? palette.bad : palette.groups[message.group];
      pen.beginPath();
      pen.arc(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share, 4.5, 0, 7);
      pen.fill();
    });
  }

  #node(node, { x, y }) {
    const { pen, palette, view } = this;
    const state = node.stateAt(view.line);
    const outage = node.outageAt(view.t);
    pen.beginPath();
    pen.arc(x, y, 21, 0, 7);
    pen.fillStyle = palette.surface;
    pen.fill();
    const colour = palette.roles[outage ? "down" : state.role] ?? palette.muted;
    if (!outage) {
      pen.fillStyle = colour;
      pen.globalAlpha = state.role === "follower" ? 0.3 : 1;
      pen.fill();
      pen.globalAlpha = 1;
    }
    pen.strokeStyle = colour;
    pen.lineWidth = 2;
    if (outage) pen.setLineDash([4, 3]);
    pen.stroke();
    pen.setLineDash([]);
    if (view.trace.faults.some((fault) => fault.from <= view.t && view.t < fault.to
      && fault.nodes.includes(node.id))) {
      pen.strokeStyle = palette.warn;
      pen.beginPath();
      pen.arc(x, y, 24, 0, 7);
      pen.stroke();
    }
    if (node.id === view.selectedNode) {
      pen.strokeStyle = palette.accent;
      pen.beginPath();
      pen.arc(x, y, 27, 0, 7);
      pen.stroke();
    }
    const solid = !outage && !["follower", "removed", "down"].includes(state.role);
    pen.fillStyle = solid ? palette.surface : palette.ink;
    pen.font = `700 13px ${palette.font}`;
    pen.fillText(node.name, x, y - 5);
    pen.font = `500 9.5px ${palette.font}`;
    pen.fillText(outage ? outage.what : `term ${state.term ?? 0}`, x, y + 9);
  }

  /** The node under the pointer, if any. */
  nodeAt(x, y) {
    for (const [id, place] of this.places) {
      if (Math.hypot(place.x - x, place.y - y) < 25) return id;
    }
    return null;
  }
}
