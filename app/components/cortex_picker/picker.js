// The thin part that is sent again with every click: hands what comes from Python to the store, which may come later.

const shared = (globalThis.fmri2gesCortex ??= { settings: {}, waiting: new Map() });

export default function (message) {
  const { parentElement } = message;
  if (shared.receive) shared.receive(message);
  else shared.waiting.set(parentElement, message);
  return () => (shared.waiting.delete(parentElement), shared.leave?.(parentElement));
}
