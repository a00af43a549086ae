{{/* What the schema can't say of values, or not in words that help. */}}
{{- define "padfleet.check" -}}
{{- $known := .Files.Get "files/settings.json" | fromJson -}}
{{- range $name, $value := .Values.settings -}}
{{- $given := index $known.given $name -}}
{{- if not (kindIs "invalid" $value) -}}
{{- if $given -}}
{{- fail (printf "settings.%s: leave it out; it is given by %s" $name $given) -}}
{{- end -}}
{{- if has $name $known.secret -}}
{{- fail (printf "settings.%s is a secret, and values are no place for one: put it into a Secret, and name that in settingsFrom.%s" $name $name) -}}
{{- end -}}
{{- if and (hasSuffix "_URL" $name) (contains "@" ($value | toString)) -}}
{{- fail (printf "settings.%s has a password in it, and values are no place for one: put the address into a Secret, and name that in settingsFrom.%s" $name $name) -}}
{{- end -}}
{{- if hasKey $.Values.settingsFrom $name -}}
{{- fail (printf "%s is in settings and in settingsFrom: leave one of them out" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $name, $from := .Values.settingsFrom -}}
{{- with index $known.given $name -}}
{{- fail (printf "settingsFrom.%s: leave it out; it is given by %s" $name .) -}}
{{- end -}}
{{- end -}}
{{- range .Values.env -}}
{{- if hasPrefix "PADFLEET_" (.name | default "") -}}
{{- fail (printf "env: %s is a setting of padfleet's own: put it into settings, or name a Secret in settingsFrom" .name) -}}
{{- end -}}
{{- end -}}
{{- with .Values.cold -}}
{{- if and .url .secret -}}
{{- fail "cold.url and cold.secret both say where the cold store is: leave one of them empty" -}}
{{- end -}}
{{- if contains "@" .url -}}
{{- fail "cold.url has a password in it, and values are no place for one: put the address into a Secret, and name that in cold.secret" -}}
{{- end -}}
{{- if and .url (not (regexMatch "^((s3|gs|az|postgresql|postgres|mysql|mariadb)://[^/]|file:///cold(/|$)|none$)" .url)) -}}
{{- fail (printf "cold.url: %q is no cold store of pods: give s3://, gs:// or az:// with a bucket, postgresql:// or mysql:// with a host, or file:///cold/ with cold.claim" .url) -}}
{{- end -}}
{{- if and (hasPrefix "file://" .url) (not .claim) -}}
{{- fail "cold.url names a directory, which pods do not share: name a volume claim (ReadWriteMany) in cold.claim; it is mounted at /cold" -}}
{{- end -}}
{{- end -}}
{{- if .Values.ingress.enabled -}}
{{- if not .Values.hosts -}}
{{- fail "ingress.enabled: name the host in hosts; an Ingress for every name would lead foreign names here" -}}
{{- end -}}
{{- if not .Values.balancer.enabled -}}
{{- fail "ingress.enabled: the Ingress leads to the balancer, and balancer.enabled is false" -}}
{{- end -}}
{{- end -}}
{{- range $name := list "fanout" "writer" -}}
{{- with (index $.Values $name).autoscaling -}}
{{- if gt (int64 .min) (int64 .max) -}}
{{- fail (printf "%s.autoscaling: min is %d and max is %d: min must not be the larger one" $name (int64 .min) (int64 .max)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.redis.own (gt (int64 (.Values.settings.PADFLEET_COMMIT_REPLICAS | default 0)) 0) -}}
{{- fail "settings.PADFLEET_COMMIT_REPLICAS: the chart's own Redis has no replicas, so that every commit would wait for ones that never come: leave it out, or set redis.own to false" -}}
{{- end -}}
{{- end }}
