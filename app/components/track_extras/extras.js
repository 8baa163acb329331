// Hands to the player what comes after the skeletons: lines under the names of its tracks, or all their samples.
// Each kind stands in its own place, so that the one does not travel with the other.
export default function ({ data }) {
  globalThis.fmri2gesExtras ??= {};
  globalThis.fmri2gesExtras[data.kind] = data;
  window.dispatchEvent(new Event("fmri2ges-extras"));
}
