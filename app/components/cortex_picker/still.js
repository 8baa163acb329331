// A small cortex that shows areas and can be turned; nothing is chosen on it.

class StillCortex extends CortexView {
  toolbar() {
    this.root.dataset.still = "yes"; // the style leaves out what chooses
    return super.toolbar();
  }

  // Its label tells its keys; the sheet is for the cortex on which areas are chosen.
  get isStill() {
    return true;
  }

  update(data) {
    this.label = data.still;
    super.update(data);
  }

  refresh() {
    super.refresh();
    this.canvas.setAttribute("aria-label", `${this.label ?? ""} Arrow keys turn it, plus and minus zoom.`);
  }

  click() {}

  catchAreas() {}
}
