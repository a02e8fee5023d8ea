/* Everything that moves on a page of dlbook.
 *
 * A widget is a custom element, so it needs no start-up call: the browser builds it whenever it
 * appears, also after Material's instant navigation has swapped the page.
 */

import "./widgets/capacity.js";
import "./widgets/curves.js";
import "./widgets/descent.js";
import "./widgets/digit.js";
import "./widgets/gates.js";
import "./widgets/generator.js";
import "./widgets/kernel.js";
import "./widgets/landscape.js";
import "./widgets/latent_plane.js";
import "./widgets/ledger.js";
import "./widgets/network.js";
import "./widgets/penalty.js";
import "./widgets/perceptron.js";
import { keepReachable } from "./reachable.js";

keepReachable();
