"use strict";
// The pointer on the canvases: drag moves the view, the wheel zooms, a click puts the cursor and
// chooses, and what lies under it is told in a tooltip.

const REACH = 7; // pixels

/** How far the point is from the line between two points. */
function distanceTo({ x1, y1, x2, y2 }, x, y) {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const share = length === 0 ? 0
    : Math.min(1, Math.max(0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length));
  return Math.hypot(x - x1 - share * (x2 - x1), y - y1 - share * (y2 - y1));
}

class Pointer {
  constructor(app) {
    this.app = app;
    this.view = app.view;
    this.lanes = byId("lanes");
    this.tooltip = byId("tooltip");
    this.#drags();
    this.#overviewDrags();
    this.lanes.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.lanes.addEventListener("pointerleave", () => { this.tooltip.hidden = true; });
  }

  #place(event) {
    const box = this.lanes.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #drags() {
    const { lanes } = this;
    lanes.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.held = { x: event.clientX, y: event.clientY, from: this.view.from, to: this.view.to,
        scroll: byId("stage").scrollTop, moved: false };
      lanes.setPointerCapture(event.pointerId);
    });
    lanes.addEventListener("pointermove", (event) => {
      if (this.held) this.#drag(event);
      else this.#hover(event);
    });
    lanes.addEventListener("pointerup", (event) => {
      const { held } = this;
      this.held = null;
      lanes.classList.remove("dragging");
      if (held && !held.moved) this.#click(this.#place(event));
    });
    lanes.addEventListener("pointercancel", () => {
      this.held = null;
      lanes.classList.remove("dragging");
    });
  }

  #drag(event) {
    const { held, view } = this;
    const dx = event.clientX - held.x;
    if (!held.moved && Math.hypot(dx, event.clientY - held.y) < 4) return;
    held.moved = true;
    this.lanes.classList.add("dragging");
    this.tooltip.hidden = true;
    const shift = (dx / view.width) * (held.to - held.from);
    view.show(held.from - shift, held.to - shift);
    byId("stage").scrollTop = held.scroll - (event.clientY - held.y);
    this.app.changed("lanes");
  }

  #wheel(event) {
    event.preventDefault();
    const { view } = this;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      view.pan(sideways / view.width);
    } else {
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const turn = Math.max(-240, Math.min(240, event.deltaY * lines));
      view.zoom(Math.exp(turn * 0.0022), view.time(this.#place(event).x));
    }
    this.app.changed("lanes");
  }

  /** The nearest of the drawn messages within reach, if any. */
  #messageAt({ x, y }) {
    let nearest = null;
    let least = REACH;
    for (const message of this.app.drawings.lanes.drawn) {
      const line = this.view.segment(message);
      const distance = line ? distanceTo(line, x, y) : Infinity;
      if (distance < least) {
        least = distance;
        nearest = message;
      }
    }
    return nearest;
  }

  #laneAt({ y }) {
    return this.view.lanes.find((lane) => lane.y <= y && y < lane.y + lane.height);
  }

  #opAt({ x, y }) {
    const lane = this.view.clientLanes.find(({ y: top, height }) => top <= y && y < top + height);
    const row = lane ? Math.floor((y - lane.y - 3) / 17) : -1;
    return lane?.client.ops.findLast((op) => op.row === row && this.view.x(op.from) - 2 <= x
      && x <= this.view.x(Math.min(op.to, this.view.trace.duration)) + 2);
  }

  #faultAt({ x, y }) {
    const { faultLane, trace } = this.view;
    const row = Math.floor((y - faultLane.y) / 18);
    if (y < faultLane.y || y >= faultLane.y + faultLane.height) return undefined;
    return trace.faults.findLast((fault) => fault.row === row
      && this.view.x(fault.from) - REACH <= x && x <= this.view.x(fault.to) + REACH);
  }

  #click(place) {
    const { app, view } = this;
    app.pause();
    const message = this.#messageAt(place);
    const lane = this.#laneAt(place);
    // On a rail the node is meant, between the rails a message.
    const onRail = lane && Math.abs(place.y - lane.rail) < REACH;
    if (message && !onRail) {
      app.goTo(message.line);
      app.selectMessage(message);
      return;
    }
    const op = this.#opAt(place) ?? this.#faultAt(place);
    if (op) {
      app.goTo(op.line);
      return;
    }
    view.selectedMessage = null;
    if (lane) view.selectedNode = lane.node.id;
    app.goToTime(view.time(place.x));
    app.changed("lanes");
  }

  #hover(event) {
    const place = this.#place(event);
    const words = this.#wordsAt(place);
    this.tooltip.hidden = !words;
    if (!words) return;
    this.tooltip.replaceChildren(make("b", {}, words[0]), ...words.slice(1)
      .filter(Boolean).map((text) => make("span", {}, text)));
    const { innerWidth, innerHeight } = window;
    const { offsetWidth, offsetHeight } = this.tooltip;
    const left = Math.min(event.clientX + 14, innerWidth - offsetWidth - 8);
    const below = event.clientY + 16 + offsetHeight < innerHeight;
    this.tooltip.style.left = `${left}px`;
    this.tooltip.style.top
      = `${below ? event.clientY + 16 : event.clientY - offsetHeight - 10}px`;
  }

  #wordsAt(place) {
    const { view } = this;
    const fault = this.#faultAt(place);
    if (fault) {
      return [fault.text, fault.to > fault.from
        ? `${formatTime(fault.from)} – ${formatTime(fault.to)}` : formatTime(fault.from)];
    }
    const op = this.#opAt(place);
    if (op) {
      return [`client ${op.client}: ${op.text}`, op.outcome === "open" ? "no answer"
        : `${op.outcome}${op.answer ? `: ${op.answer}` : ""} after ${formatSpan(op.to - op.from)}`];
    }
    const message = this.#messageAt(place);
    if (message) {
      return [`n${message.from} → n${message.to} ${message.what}`, message.text,
        message.lost === undefined ? `${formatSpan(message.arrives - message.t)} on its way`
          : `lost: ${message.lost}`, message.copy_of === undefined ? "" : "a copy"];
    }
    const lane = this.#laneAt(place);
    const state = lane?.node.stateAt(view.trace.lineAt(view.time(place.x)));
    if (!state) return null;
    return [`${lane.node.name} · ${(state.role ?? "").replace("_", "-")} · term ${state.term}`,
      `last ${state.last}, commit ${state.commit}, applied ${state.applied}`,
      formatTime(Math.max(0, view.time(place.x)))];
  }

  /** In the strip of the whole run: press to bring the window there, drag to move it. */
  #overviewDrags() {
    const strip = byId("overview");
    const move = (event) => {
      const box = strip.getBoundingClientRect();
      const t = ((event.clientX - box.left) / box.width) * this.view.trace.duration;
      const half = this.view.span / 2;
      this.view.show(t - half, t + half);
      this.app.changed("lanes");
    };
    strip.addEventListener("pointerdown", (event) => {
      strip.setPointerCapture(event.pointerId);
      this.onStrip = true;
      move(event);
    });
    strip.addEventListener("pointermove", (event) => {
      if (this.onStrip) move(event);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      strip.addEventListener(end, () => { this.onStrip = false; });
    }
  }
}
