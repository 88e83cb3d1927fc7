{{/* The components that were chosen, as a list in JSON. */}}
{{- define "selection" -}}
{{- $scenario := required (printf "there is no scenario %q" .Values.scenario) (get .Values.scenarios .Values.scenario) -}}
{{- concat $scenario .Values.extraComponents | toJson -}}
{{- end -}}
