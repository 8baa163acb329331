
// Puts the player into the page of a report. Its style stays inside, that of the page outside.
const packed = JSON.parse(document.getElementById("player-data").textContent);
const inside = document.getElementById("player").attachShadow({ mode: "open" });
const look = document.createElement("style");
look.textContent = packed.style;
const frame = document.createElement("div");
frame.className = "player";
inside.append(look, frame);
const showPlayer = () => drawPlayer({ data: packed.player, parentElement: inside });
showPlayer();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showPlayer);
