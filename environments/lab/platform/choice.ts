import { type IResolvable, Lazy, Op, TerraformLocal, TerraformOutput } from "cdktf";
import { expression } from "../../../constructs/core/address";
import { type Layer } from "../../../constructs/core/layer";
import { ComponentSelection, isComponentCondition } from "../../../constructs/delivery/component-selection";
import { COMPONENT_NAMES } from "../catalogue";
import { type ClusterSources } from "../cluster-access";
import { type LabSelection, SELECTION_OUTPUTS } from "../selection";
import { CHOSEN, type PlatformInputs } from "./inputs";

/**
 * What the user chose, for this layer and, by outputs, for later ones. A plan fails when all of it together takes more
 * memory than the workstation gives: what each component requests was counted at synth, over every layer.
 */
export function addChoice(layer: Layer, inputs: PlatformInputs, sources: ClusterSources): LabSelection {
  const { capacity, settings, clusterLayer } = sources;
  const components = new TerraformLocal(layer, "components", expression(layer, `sort(distinct(${CHOSEN}))`));
  const selection = new ComponentSelection(COMPONENT_NAMES, components.asList);
  const memory = new TerraformLocal(
    layer,
    "component_memory_mib",
    Lazy.anyValue({
      produce: () =>
        Object.fromEntries(
          COMPONENT_NAMES.map((name) => [
            name,
            capacity.requestedWhile((when) => isComponentCondition(when) && when.component === name).memoryMib,
          ]),
        ),
    }),
  );
  const always = new TerraformLocal(
    layer,
    "platform_memory_mib",
    Lazy.numberValue({ produce: () => capacity.requestedAlways.memoryMib }),
  );
  const [chosen, each, platform] = [components, memory, always].map(
    ({ friendlyUniqueId }) => `local.${friendlyUniqueId}`,
  ) as [string, string, string];
  const sum = `${platform} + sum([for name in ${chosen} : lookup(${each}, name, 0)])`;
  // As texts of one length, which are in the order of their numbers.
  const rows = `reverse(sort([for name in ${chosen} : format("%06d %s", lookup(${each}, name, 0), name)]))`;
  const largest = `join(", ", [for row in slice(${rows}, 0, min(3, length(${rows}))) : format("%s (%d MiB)", split(" ", row)[1], tonumber(split(" ", row)[0]))])`;

  const output = (id: string, description: string, value: string | string[]) =>
    new TerraformOutput(layer, id, { description, value });
  output(SELECTION_OUTPUTS.scenario, "The scenario that was chosen, for later layers.", inputs.scenario.stringValue);
  // cdktf takes preconditions of outputs, and leaves them out of the JSON.
  output(
    SELECTION_OUTPUTS.extraComponents,
    "The components that were chosen beside it, for later layers.",
    inputs.extraComponents.listValue,
  ).addOverride("precondition", {
    condition: Op.or(Op.not(selection.of("gpu").booleanValue), layer.read(clusterLayer).get("has_gpu")),
    error_message: `The component gpu needs a node with the card: apply ${clusterLayer.node.id} with gpu = true first.`,
  });
  output(SELECTION_OUTPUTS.components, "Everything that was chosen, for later layers.", components.asList).addOverride(
    "precondition",
    {
      condition: `\${${sum} <= ${settings.workstation.memoryMib}}`,
      error_message: `What is chosen takes \${${sum}} MiB, and the workstation gives ${settings.workstation.memoryMib} MiB to containers and cluster together: \${${platform}} MiB for what always runs; the largest that were chosen are \${${largest}}. Choose fewer of extra_components, or another scenario.`,
    },
  );
  return {
    scenario: inputs.scenario.stringValue,
    extraComponents: inputs.extraComponents.value as IResolvable,
    components: selection,
  };
}
