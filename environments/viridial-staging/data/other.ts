import { type Layer } from "../../../constructs/core/layer";
import { addBackups } from "./backups";
import { addCache } from "./cache";
import { addMessaging } from "./messaging";
import { addObjectStore } from "./object-store";
import { OTHER_README } from "./other-readme";
import { type DataProps } from "./props";
import { addSearch } from "./search";

/** RabbitMQ, Valkey, Meilisearch, the object store and Velero. */
export function addOtherData(layer: Layer, props: DataProps): void {
  addMessaging(layer, props);
  addCache(layer, props);
  addSearch(layer, props);
  const objects = addObjectStore(layer, props);
  addBackups(layer, { ...props, ...objects });
  for (const section of OTHER_README) {
    layer.addReadmeSection(section);
  }
}
