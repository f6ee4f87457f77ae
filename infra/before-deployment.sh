#!/bin/sh
# Says before ten minutes are spent what would stop a deployment, and what to do: azd runs this before it provisions.
# What it says is in sentences.txt, which the script for Windows reads too.
set -uf
here=$(dirname "$0")
. "$here/say.sh"
stops=0

stop() {
    say "$@"
    stops=1
}

end() {
    [ $stops -eq 0 ] || exit 1
    say good
    exit 0
}

schedule() {
    set -- $PULL_SCHEDULE
    case $PULL_SCHEDULE in
    *'	'*) stop schedule_sign "a tab" ;;
    *[?#@LW]*) stop schedule_sign "one of ? # @ L W" ;;
    esac
    if [ $# -eq 5 ]; then set -- 0 "$@"; fi
    if [ $# -ne 6 ]; then
        stop schedule_fields "$PULL_SCHEDULE"
        return
    fi
    case $1 in *[!0-9]*) stop schedule_seconds "$1" ;; esac
    case $6 in *7*) stop schedule_sign "7, and Sunday is 0" ;; esac
    case "$4 $5 $6" in '* * *') ;; *) stop schedule_rare ;; esac
    for part in $(printf '%s' "$2 $3 $4 $5" | tr ',/' '  '); do
        case $part in
        [0-9]*-[0-9]*) [ "${part%-*}" -le "${part#*-}" ] || stop schedule_turned "$part" ;;
        esac
    done
}

has_azd() {
    command -v azd >/dev/null
}

# Once, and of a person alone: by default nobody's name is archived.
if [ -z "${REPORTS:-}" ] && [ -t 0 ] && has_azd; then
    say ask_personal
    read -r answer
    case $answer in
    [yY]*) REPORTS="aggregates, personal" ;;
    *) REPORTS=aggregates ;;
    esac
    azd env set REPORTS "$REPORTS"
fi
[ -z "${PULL_SCHEDULE:-}" ] || schedule

command -v az >/dev/null || {
    stop no_az
    end
}
current=$(ask account show --query id --output tsv) || {
    stop az_signed_out
    end
}
# It exits with 0 in any case.
if has_azd; then
    case $(azd auth login --check-status --output json 2>/dev/null) in *'"success"'*) ;; *) stop azd_signed_out ;; esac
fi

subscription=${AZURE_SUBSCRIPTION_ID:-$current}
ask account show --subscription "$subscription" --query tenantId --output tsv >/dev/null || {
    stop no_subscription "$subscription"
    end
}
[ "$current" = "$subscription" ] || {
    stop another_subscription "$subscription"
    end
}
# A sign-in stands in a file, and may be of no use any more.
ask account get-access-token --query tenant --output tsv >/dev/null || {
    stop az_expired
    end
}
[ -n "${AZURE_SUBSCRIPTION_ID:-}" ] || say choose "$current"

me=$(ask ad signed-in-user show --query id --output tsv) ||
    me=$(ask account show --query user.name --output tsv)
if roles=$(ask role assignment list --assignee "$me" --include-inherited --include-groups --scope "/subscriptions/$subscription" \
    --query "[].roleDefinitionName" --output tsv); then
    has "$roles" Owner || has "$roles" "User Access Administrator" ||
        has "$roles" "Role Based Access Control Administrator" || stop no_role "$subscription"
else
    say unchecked "you may assign roles"
fi

providers="Microsoft.Web Microsoft.Storage Microsoft.ManagedIdentity Microsoft.Insights Microsoft.OperationalInsights"
[ "${PRIVATE_NETWORK:-false}" = false ] || providers="$providers Microsoft.Network Microsoft.App"
if registered=$(ask provider list --query "[?starts_with(registrationState, 'Regist')].namespace" --output tsv); then
    for provider in $providers; do
        has "$registered" "$provider" || stop no_provider "$provider"
    done
else
    say unchecked "the resource providers are registered"
fi

region=${AZURE_LOCATION:-}
plain() { tr 'A-Z' 'a-z' | tr -d ' \r'; }
flex() { # ZONES; whether the region is one of those with Flex Consumption, with zones if that is true
    found=$(ask functionapp list-flexconsumption-locations --zone-redundant "$1" --query "[].name" --output tsv) || {
        say unchecked "$region has Flex Consumption, with zones if they are asked for"
        return 0
    }
    has "$(printf '%s' "$found" | plain)" "$(printf '%s' "$region" | plain)"
}
if [ -z "$region" ]; then
    say no_region
elif ! flex false; then
    stop no_flex "$region"
elif [ "${ZONE_REDUNDANT:-false}" = true ] && ! flex true; then
    stop no_zones "$region"
elif versions=$(ask functionapp list-flexconsumption-runtimes --location "$region" --runtime python --query "[].version" --output tsv); then
    has "$versions" 3.13 || stop no_python "$region"
else
    say unchecked "$region has Python 3.13"
fi

# Privileged Role Administrator and Global Administrator: https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
graph=${GRAPH_ENDPOINT:-https://graph.microsoft.com}
if held=$(ask rest --method get --resource "$graph" --output tsv --query "value[].roleTemplateId" \
    --url "$graph/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole"); then
    has "$held" e8611ab8-c189-46e8-94e1-60213ab1f814 || has "$held" 62e90394-69f5-4237-9190-012177145e10 ||
        say may_not_grant
else
    say unchecked "you may grant permissions of Microsoft Graph"
fi

# What Azure itself finds wrong: policies, names that are taken, values and persons that are refused.
if [ $stops -eq 0 ] && [ -n "$region" ]; then
    set --
    for pair in $(sed -n 's/^ *"\([A-Za-z]*\)": { "value": "\${\([A-Z0-9_]*\).*/\1=\2/p' "$here/main.parameters.json"); do
        eval "value=\${${pair#*=}:-}"
        [ -z "$value" ] || set -- "$@" "${pair%=*}=$value"
    done
    if ! refusal=$(az deployment sub validate --only-show-errors --location "$region" --template-file "$here/main.bicep" \
        --parameters "$@" 2>&1 >/dev/null); then
        case $refusal in
        *AlreadyTaken* | *AlreadyExists*) stop taken ;;
        *RequestDisallowedByPolicy*) stop policy "$refusal" ;;
        *roleAssignments/write*) stop no_role "$subscription" ;;
        *) stop unknown "$refusal" ;;
        esac
    fi
fi
end
