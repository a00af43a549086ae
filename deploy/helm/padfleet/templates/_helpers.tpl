{{/* Returns the prefix of the names of objects: the release's name, with the chart's name if it is not part of it. */}}
{{- define "padfleet.fullname" -}}
{{- $chart := .Values.nameOverride | default .Chart.Name -}}
{{- $made := contains $chart .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $chart) -}}
{{- .Values.fullnameOverride | default $made | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* Returns the labels by which pods are found. It takes a list of the root, name and component. None of these labels
     ever changes. */}}
{{- define "padfleet.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/component: {{ index . 2 }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- end }}

{{/* Returns the labels of an object. */}}
{{- define "padfleet.labels" -}}
{{- $root := index . 0 -}}
{{ include "padfleet.selector" . }}
{{ include "padfleet.common" $root }}
{{- end }}

{{/* Returns the labels of pods. None of them changes with the chart's version, so that a new version alone restarts
     nothing. Those of the values are included. It takes a list of the root, name, component and the workload's values. */}}
{{- define "padfleet.podLabels" -}}
{{ include "padfleet.selector" . }}
app.kubernetes.io/part-of: padfleet
{{- with (index . 3).podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of everything. */}}
{{- define "padfleet.common" -}}
app.kubernetes.io/part-of: padfleet
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels of all pods of the release. */}}
{{- define "padfleet.all" -}}
app.kubernetes.io/part-of: padfleet
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of workers and writers. */}}
{{- define "padfleet.processes" -}}
app.kubernetes.io/name: padfleet
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Of the processes: list of the root, and of a tag for these alone. */}}
{{- define "padfleet.image" -}}
{{- $root := index . 0 -}}
{{- $alone := index . 1 -}}
{{- with $root.Values.image -}}
{{- if and .digest (not $alone) }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ $alone | default .tag | default $root.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "padfleet.serviceAccount" -}}
{{- $made := .Values.serviceAccount.create | ternary (include "padfleet.fullname" .) "default" -}}
{{- .Values.serviceAccount.name | default $made -}}
{{- end }}

{{- define "padfleet.redisSecret" -}}
{{- .Values.redis.secret | default (printf "%s-redis" (include "padfleet.fullname" .)) -}}
{{- end }}

{{/* What every container is: without rights, and on a root that it can't write to. */}}
{{- define "padfleet.shutIn" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Where pods go: list of the root, name, component and the values of the workload. */}}
{{- define "padfleet.placed" -}}
{{- $values := index . 3 -}}
{{- if $values.spread }}
topologySpreadConstraints:
  {{- range list (list "topology.kubernetes.io/zone" "ScheduleAnyway") (list "kubernetes.io/hostname" $values.spread) }}
  - maxSkew: 1
    topologyKey: {{ index . 0 }}
    whenUnsatisfiable: {{ index . 1 }}
    labelSelector:
      matchLabels:
        {{- include "padfleet.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with (index . 0).Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* At most as many pods of a kind are away at a time as this: list of the root, name and component. */}}
{{- define "padfleet.budget" -}}
{{- $root := index . 0 -}}
{{- if $root.Values.podDisruptionBudgets }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "padfleet.fullname" $root }}-{{ index . 2 }}
  labels: {{- include "padfleet.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{- include "padfleet.selector" . | nindent 6 }}
{{- end }}
{{- end }}
