"use strict";

// Whoever is not signed in is shown this in place of the page that they want, and comes back to it.
const inPlace = location.pathname !== "/signin";
const wanted = inPlace ? location.pathname + location.search : "/";
document.getElementById("login").href = "/auth/login?" + new URLSearchParams({ return_to: wanted });

async function lookAround() {
  const answer = await fetch("/api/v1/session");
  if (answer.ok) {
    // After a link on another site, as in a mail that is read in the browser, the cookie does not come along at first.
    location.replace(wanted);
  } else if (answer.status === 403) {
    // Signed in, with nothing to see here.
    const problem = await answer.json();
    document.getElementById("message").textContent = problem.detail + ".";
    document.getElementById("logout").hidden = false;
  }
}

document.getElementById("logout").addEventListener("click", async () => {
  const answer = await fetch("/auth/logout", { method: "POST" });
  if (answer.ok) location.assign((await answer.json()).continue_at);
});

lookAround();
