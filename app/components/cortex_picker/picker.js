// The thin part that is sent again with every click: finds the view and hands it the selection.

const slots = new WeakMap();

function shared() {
  if (!globalThis.fmri2gesCortex) {
    let resolve;
    const ready = new Promise((r) => (resolve = r));
    globalThis.fmri2gesCortex = { ready, resolve, settings: {} };
  }
  return globalThis.fmri2gesCortex;
}

export default function ({ data, parentElement, setTriggerValue }) {
  let slot = slots.get(parentElement);
  if (!slot) {
    slot = { view: null, gone: false };
    slots.set(parentElement, slot);
    const root = parentElement.querySelector(".cortex");
    root.style.height = data.height;
    shared().ready.then((store) => {
      if (slot.gone) return;
      const settings = (store.settings[slot.data.name] ??= {});
      slot.view = new store.View(root, store.mesh, settings, (name, value) => slot.send(name, value));
      slot.view.update(slot.data);
    });
  }
  slot.data = data;
  slot.send = setTriggerValue;
  slot.view?.update(data);
  return () => {
    slot.gone = true;
    slot.view?.close();
    slots.delete(parentElement);
  };
}
