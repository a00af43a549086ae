{{/* Returns a value as the text that a process reads. It takes a list of name, value, and the names of the settings
     whose words YAML takes for true and false. Whole numbers arrive as floating-point ones. */}}
{{- define "padfleet.text" -}}
{{- $name := index . 0 -}}
{{- $value := index . 1 -}}
{{- if kindIs "bool" $value -}}
{{- has $name (index . 2) | ternary (ternary "on" "off" $value) ($value | toString) -}}
{{- else if kindIs "slice" $value -}}
{{- join "," $value -}}
{{- else if and (kindIs "float64" $value) (eq $value (floor $value)) -}}
{{- printf "%d" (int64 $value) -}}
{{- else -}}
{{- $value | toString -}}
{{- end -}}
{{- end }}

{{/* Returns all settings of a kind of process, as the data of a ConfigMap. It takes a list of the root and `fanout` or
     `writer`. */}}
{{- define "padfleet.settings" -}}
{{- $root := index . 0 -}}
{{- $known := $root.Files.Get "files/settings.json" | fromJson -}}
{{- $mine := index $known (index . 1) -}}
{{- $found := dict -}}
{{- range $name, $value := $root.Values.settings -}}
{{- if and (has $name $mine) (not (kindIs "invalid" $value)) -}}
{{- $_ := set $found $name (include "padfleet.text" (list $name $value $known.onOff)) -}}
{{- end -}}
{{- end -}}
{{- with $root.Values.cold.url -}}
{{- $_ := set $found "PADFLEET_COLD_URL" . -}}
{{- end -}}
{{- if $root.Values.tracing.share -}}
{{- $_ := set $found "PADFLEET_TRACE_SHARE" ($root.Values.tracing.share | toString) -}}
{{- $_ := set $found "OTEL_EXPORTER_OTLP_ENDPOINT" $root.Values.tracing.endpoint -}}
{{- end -}}
{{- if eq (index . 1) "fanout" -}}
{{- $_ := set $found "PADFLEET_DRAIN_MS" (printf "%d" (mul 1000 $root.Values.fanout.drainSeconds)) -}}
{{- with $root.Values.trustedProxies -}}
{{- $_ := set $found "PADFLEET_TRUSTED_PROXIES" (join "," .) -}}
{{- end -}}
{{- with $root.Values.hosts -}}
{{- $balancer := printf "%s-balancer" (include "padfleet.fullname" $root) -}}
{{- $_ := set $found "PADFLEET_HOSTS" (join "," (append . $balancer)) -}}
{{- end -}}
{{- if eq $root.Values.pages "etherpad" -}}
{{- $_ := set $found "PADFLEET_PAGE" "off" -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{/* Returns the variables of a process that are read from elsewhere. It takes a list of the root, `fanout` or `writer`,
     and the name of the setting that is its id. */}}
{{- define "padfleet.env" -}}
{{- $root := index . 0 -}}
{{- $known := $root.Files.Get "files/settings.json" | fromJson -}}
{{- $mine := index $known (index . 1) -}}
- name: PADFLEET_REDIS_URL
  valueFrom: {secretKeyRef: {name: {{ include "padfleet.redisSecret" $root }}, key: {{ $root.Values.redis.urlKey }}}}
- name: {{ index . 2 }}
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- with $root.Values.cold.secret }}
- name: PADFLEET_COLD_URL
  valueFrom: {secretKeyRef: {name: {{ . }}, key: {{ $root.Values.cold.key }}}}
{{- end }}
{{- range $name, $from := $root.Values.settingsFrom }}
{{- if has $name $mine }}
- name: {{ $name }}
  valueFrom: {secretKeyRef: {name: {{ $from.secret }}, key: {{ $from.key }}}}
{{- end }}
{{- end }}
{{- with $root.Values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Returns the volumes of a process, and where they are mounted. It takes a list of the root and the size of /tmp. The
     root file system is read-only. */}}
{{- define "padfleet.volumes" -}}
{{- $root := index . 0 -}}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: {{ index . 1 }}}
  {{- with $root.Values.cold.claim }}
  - name: cold
    persistentVolumeClaim: {claimName: {{ . }}}
  {{- end }}
  {{- with $root.Values.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "padfleet.mounts" -}}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  {{- if .Values.cold.claim }}
  - {name: cold, mountPath: /cold}
  {{- end }}
  {{- with .Values.volumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
