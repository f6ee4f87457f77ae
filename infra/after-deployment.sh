#!/bin/sh
# Shows a picture after a deployment: azd runs this when it has deployed the app. It asks for a run, waits for it, and
# prints the address of the dashboard with its key, on a terminal alone. Safe to repeat.
set -uf
here=$(dirname "$0")
. "$here/say.sh"

for output in AZURE_RESOURCE_GROUP AZURE_FUNCTION_APP_NAME DASHBOARD_URL; do
    eval "[ -n \"\${$output:-}\" ]" || {
        say no_output "$output"
        exit 2
    }
done
group=$AZURE_RESOURCE_GROUP
app=$AZURE_FUNCTION_APP_NAME
api=${DASHBOARD_URL%/dashboard}

key_of() { # FUNCTION NAME
    ask functionapp function keys list -g "$group" -n "$app" --function-name "$1" --query "$2" --output tsv
}

fetch() { # KEY ARGUMENT ...; the key is in no list of processes
    key=$1
    shift
    printf 'x-functions-key: %s' "$key" | curl -s -m 60 -H @- "$@"
}

functions="reports status"
case ${REPORTS:-} in *personal* | *all* | *directory* | *users* | *Detail*) functions="$functions personal_reports" ;; esac
dashboard=$(key_of reports dashboard)
[ -n "$dashboard" ] || dashboard=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
keyed=yes
for function in $functions; do
    [ "$(key_of "$function" dashboard)" = "$dashboard" ] ||
        ask functionapp function keys set -g "$group" -n "$app" --function-name "$function" \
            --key-name dashboard --key-value "$dashboard" --output none || keyed=no
done
if [ $keyed = yes ]; then say keyed; else say no_key "$group -n $app"; fi

# Without these the host does not start or does not log, and the app cannot say so.
if [ -n "${IDENTITY_PRINCIPAL_ID:-}" ] && held=$(ask role assignment list --assignee-object-id "$IDENTITY_PRINCIPAL_ID" --all \
    --fill-principal-name false --query "[].roleDefinitionName" --output tsv); then
    for role in "Storage Blob Data Owner" "Storage Queue Data Contributor" "Monitoring Metrics Publisher"; do
        has "$held" "$role" || say no_app_role "$role"
    done
fi

answer=
for attempt in 1 2 3 4 5 6; do # right after a deployment the host may not know its functions yet
    answer=$(fetch "$(key_of pull_now default)" -X POST -o /dev/null -w '%{http_code}' "$api/pull")
    [ "$answer" != 202 ] || break
    sleep 10
done
if [ "$answer" = 202 ]; then
    say pulling
    word=
    for attempt in $(seq 90); do
        word=$(curl -s -m 60 "$api/health")
        [ "$word" != healthy ] || break
        case $(fetch "$dashboard" "$api/status") in
        *'"permission": "missing"'*)
            word=no_permission
            break
            ;;
        esac
        [ ! -t 2 ] || printf . >&2
        sleep 10
    done
    [ ! -t 2 ] || printf '\n' >&2
    case $word in
    healthy | no_permission) say "$word" ;;
    *) say waiting ;;
    esac
else
    say no_pull
fi

if [ $keyed = yes ] && [ -t 1 ]; then
    say open "$DASHBOARD_URL#key=$dashboard"
else
    say fetch_key "$DASHBOARD_URL#key=\$(az functionapp function keys list -g $group -n $app --function-name reports --query dashboard -o tsv)"
fi
