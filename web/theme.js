// The theme that was chosen, before anything is drawn. Without a choice it is the system's.
"use strict";
try {
  const chosen = localStorage.getItem("afmon-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* storage is switched off: the system's theme */ }
