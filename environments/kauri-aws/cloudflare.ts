import { CloudflareProvider } from "@cdktf/provider-cloudflare/lib/provider";
import { type Layer } from "../../constructs/core/layer";
import { ProxiedRecord, type ProxiedRecordProps } from "../../constructs/network/proxied-record";

/** The record and its provider, which takes its token from the environment: without the setting nobody is asked for one. */
export function addCloudflareRecord(layer: Layer, props: ProxiedRecordProps): void {
  new CloudflareProvider(layer, "cloudflare");
  new ProxiedRecord(layer, "dns", props);
  layer.addReadmeSection({
    title: "Cloudflare",
    body: "The DNS record needs `CLOUDFLARE_API_TOKEN` in the environment of `terraform plan` and `apply`: a token with DNS edit for the one zone.",
  });
}
