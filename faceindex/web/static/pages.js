import * as acts from "./acts.js";
import * as grid from "./grid.js";
import { onJob } from "./jobs.js";
import * as live from "./live.js";
import * as photo from "./photo.js";
import * as review from "./review.js";
import * as search from "./search.js";

live.explainMissingPictures();
acts.start();
live.dates();
if (document.querySelector("header.bar")) {
  grid.start();
  photo.start();
  review.start();
  search.start();
  live.whenRefreshed(() => { live.dates(); acts.showSelection(); grid.watchEnds(); });
  live.listen(onJob);
}
