import * as acts from "./acts.js";
import * as grid from "./grid.js";
import { onJob } from "./jobs.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as names from "./names.js";
import * as photo from "./photo.js";
import * as review from "./review.js";
import * as search from "./search.js";
import * as selection from "./selection.js";
import * as windows from "./window.js";

live.explainMissingPictures();
acts.start();
live.dates();
if (document.querySelector("header.bar")) {
  grid.start();
  names.start();
  photo.start();
  review.start();
  search.start();
  windows.start();
  keys.start();  // last: what others have done with a key counts
  live.whenRefreshed(() => { live.dates(); windows.begin(); selection.show(); grid.watchEnds(); });
  live.listen(onJob);
}
