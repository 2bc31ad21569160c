"use strict";
// What is looked at: the span of time, the lanes and where they lie, the filter, the moment of the
// cursor. It draws nothing; whoever changes it asks for a drawing.

const AXIS_LEAST_SPAN = 40; // microseconds across the whole width
const GROUPS = ["append", "heartbeat", "vote", "snapshot", "other", "client", "fault", "step"];

function formatTime(t) {
  return `${(t / 1e6).toFixed(6)} s`;
}

function formatSpan(us) {
  if (us >= 1e6) return `${+(us / 1e6).toPrecision(3)} s`;
  if (us >= 1e3) return `${+(us / 1e3).toPrecision(3)} ms`;
  return `${+us.toPrecision(3)} µs`;
}

/** The filter: which groups of lines and which nodes are shown. */
class Filter {
  constructor(trace) {
    this.trace = trace;
    this.groups = new Set(GROUPS);
    this.hiddenNodes = new Set();
    this.lostOnly = false;
  }

  showsNode(id) {
    return !this.hiddenNodes.has(id);
  }

  showsMessage(message) {
    return this.groups.has(message.group) && (!this.lostOnly || message.lost !== undefined)
      && this.showsNode(message.from) && this.showsNode(message.to);
  }

  /** May the cursor stop at this line when it goes from event to event? */
  showsLine(line) {
    const record = this.trace.records[line];
    switch (record.kind) {
      case "send":
      case "arrive": {
        const message = this.trace.messageById.get(record.id);
        return message !== undefined && this.showsMessage(message);
      }
      case "step":
      case "state": return this.groups.has("step") && this.showsNode(record.node);
      case "call":
      case "answer": return this.groups.has("client");
      case "node": return this.groups.has("fault") && this.showsNode(record.node);
      case "fault": return this.groups.has("fault");
      default: return true;
    }
  }
}

class View {
  constructor(trace) {
    this.trace = trace;
    this.filter = new Filter(trace);
    this.width = 800;
    this.line = 0; // the cursor's moment
    this.t = 0; // and its time, which the slider may put between lines
    this.selectedNode = null;
    this.selectedMessage = null;
    this.matches = [];
    this.lanes = [];
    this.clientLanes = [];
    this.setTime(0);
    this.fit();
  }

  get span() {
    return this.to - this.from;
  }

  x(t) {
    return ((t - this.from) / this.span) * this.width;
  }

  time(x) {
    return this.from + (x / this.width) * this.span;
  }

  fit() {
    const margin = this.trace.duration * 0.012;
    this.show(-margin, this.trace.duration + margin);
  }

  /** Shows this span, kept within the run and above the least. */
  show(from, to) {
    const whole = this.trace.duration * 1.024;
    const span = Math.min(whole, Math.max(AXIS_LEAST_SPAN, to - from));
    const slack = Math.min(span * 0.5, whole);
    const first = -Math.min(slack, Math.max(this.trace.duration * 0.012, span * 0.1));
    const last = this.trace.duration - first;
    const middle = (from + to) / 2;
    this.from = Math.min(Math.max(middle - span / 2, first), Math.max(first, last - span));
    this.to = this.from + span;
  }

  zoom(factor, around = this.visibleAnchor()) {
    const span = this.span * factor;
    const share = (around - this.from) / this.span;
    this.show(around - span * share, around + span * (1 - share));
  }

  visibleAnchor() {
    return this.from <= this.t && this.t <= this.to ? this.t : (this.from + this.to) / 2;
  }

  pan(share) {
    this.show(this.from + this.span * share, this.to + this.span * share);
  }

  /** Moves the cursor to a time, between lines or not. */
  setTime(t) {
    this.t = Math.min(Math.max(0, t), this.trace.duration);
    this.line = this.trace.lineAt(this.t);
  }

  setLine(line) {
    this.line = Math.min(Math.max(0, line), this.trace.records.length - 1);
    this.t = this.trace.times[this.line];
  }

  /** Scrolls only if the cursor would not be seen; at share of the width then. */
  reveal(share = 0.5) {
    if (this.from <= this.t && this.t <= this.to) return false;
    this.show(this.t - this.span * share, this.t + this.span * (1 - share));
    return true;
  }

  /** Zooms in until single messages can be told apart around the cursor. */
  closeUp() {
    const span = Math.min(this.span, Math.max(this.trace.usualDelay * 24, AXIS_LEAST_SPAN));
    this.show(this.t - span * 0.62, this.t + span * 0.38);
  }

  /** The next line in this direction (1 or -1) that passes; -1 if there is none. */
  neighbour(direction, passes) {
    let line = this.line + direction;
    while (line >= 0 && line < this.trace.records.length) {
      if (passes(line)) return line;
      line += direction;
    }
    return -1;
  }

  /** Lays the lanes out; they grow into the height there is. */
  layOut(height) {
    const nodes = [...this.trace.nodes.values()].filter((node) => this.filter.showsNode(node.id));
    const clients = this.filter.groups.has("client") ? [...this.trace.clients.values()] : [];
    const faultRows = this.trace.faults.length && this.filter.groups.has("fault")
      ? this.trace.faultRows : 0;
    this.faultLane = { y: 6, height: faultRows * 18 };
    const clientHeight = (client) => 6 + client.rows * 17;
    const clientsHeight = clients.reduce((sum, client) => sum + clientHeight(client), 0);
    const top = this.faultLane.y + this.faultLane.height + (faultRows ? 8 : 2);
    const room = height - top - clientsHeight - 20;
    const laneHeight = Math.min(150, Math.max(76, Math.floor(room / Math.max(1, nodes.length))));
    this.lanes = nodes.map((node, i) => {
      const y = top + i * laneHeight;
      return { node, y, height: laneHeight, rail: y + 24, chart: y + 40,
        chartHeight: laneHeight - 48 };
    });
    this.laneOf = new Map(this.lanes.map((lane) => [lane.node.id, lane]));
    let y = top + nodes.length * laneHeight + 10;
    this.clientLanes = clients.map((client) => {
      const lane = { client, y, height: clientHeight(client) };
      y += lane.height;
      return lane;
    });
    this.height = Math.max(height, y + 8);
  }

  /** Where a message is drawn: from the sender's rail to the receiver's, or half way if lost. */
  segment(message) {
    const from = this.laneOf.get(message.from);
    const to = this.laneOf.get(message.to);
    if (!from || !to) return null;
    const x1 = this.x(message.t);
    const x2 = this.x(message.ends);
    if (message.lost === undefined) return { x1, y1: from.rail, x2, y2: to.rail };
    const share = message.arrives === undefined ? 0.55 : 0.93;
    return { x1, y1: from.rail, x2: x1 + (x2 - x1) * share,
      y2: from.rail + (to.rail - from.rail) * share };
  }
}
