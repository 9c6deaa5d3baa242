/** The machines of every vendor, by kind. */

import { once } from "./api.js";

/** Return each machine by its kind, such as `stripe.batch_job`. */
export async function machines() {
  const { vendors } = await once("/vendors");
  return new Map(vendors.flatMap((it) => it.machines).map((it) => [it.kind, it]));
}

/** Return every vendor. */
export async function vendors() {
  return (await once("/vendors")).vendors;
}
