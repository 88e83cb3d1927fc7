import { type IResolvable } from "cdktf";
import { type Layer } from "../../constructs/core/layer";
import { ComponentSelection } from "../../constructs/delivery/component-selection";
import { COMPONENT_NAMES, type ComponentName } from "./catalogue";

/** What lab-platform tells later layers of the user's choice, by name of its output. */
export const SELECTION_OUTPUTS = {
  scenario: "scenario_name",
  extraComponents: "extra_component_names",
  /** All that are chosen, by the scenario and beside it. */
  components: "component_names",
} as const;

/** The user's choice as a layer knows it. */
export interface LabSelection {
  /** A token. */
  readonly scenario: string;
  /** A token of a list. */
  readonly extraComponents: IResolvable;
  /** Whether a component is chosen. */
  readonly components: ComponentSelection & { of(component: ComponentName): ReturnType<ComponentSelection["of"]> };
}

/** The choice that was made in lab-platform, in a later layer. */
export function laterSelection(layer: Layer, platformLayer: Layer): LabSelection {
  const earlier = layer.read(platformLayer);
  return {
    scenario: earlier.getString(SELECTION_OUTPUTS.scenario),
    extraComponents: earlier.get(SELECTION_OUTPUTS.extraComponents),
    components: new ComponentSelection(COMPONENT_NAMES, earlier.getList(SELECTION_OUTPUTS.components)),
  };
}
