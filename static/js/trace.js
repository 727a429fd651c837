// The trace page: what its parts do beyond links and forms. Imported by no other module, so that each runs once.

import "./copy.js";
import "./filter.js";
import "./takeaway.js";
import "./tracekeys.js";
import "./zoom.js";
import { start } from "./view.js";

history.scrollRestoration = "manual";  // the address and the state of the history say where to begin
start();
