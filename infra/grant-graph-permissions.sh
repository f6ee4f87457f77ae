#!/bin/sh
# Grants Microsoft Graph's Reports.Read.All to the app's managed identity, with the Azure CLI (az). Safe to repeat.
#
#   sh infra/grant-graph-permissions.sh PRINCIPAL_ID [GRAPH_ENDPOINT]
#
# PRINCIPAL_ID is the object id of the identity, which the deployment prints as IDENTITY_PRINCIPAL_ID. Whoever runs
# this needs the Entra role Privileged Role Administrator; Owner of the subscription is not enough.
set -u

principal=${1:-}
endpoint=${2:-https://graph.microsoft.com}
endpoint=${endpoint%/}
if [ -z "$principal" ]; then
    echo "usage: $0 PRINCIPAL_ID [GRAPH_ENDPOINT]" >&2
    exit 2
fi

ask() {
    cat >&2 <<END

$1
The app runs, but Microsoft Graph refuses it every report until it has Reports.Read.All.
Ask a Privileged Role Administrator of the tenant to run, in this folder and signed in with az login:

    sh infra/grant-graph-permissions.sh $principal $endpoint

or, on Windows:

    ./infra/grant-graph-permissions.ps1 -PrincipalId $principal -GraphEndpoint $endpoint

Nothing else is to be done: the app asks again in every run. It can take a day until a grant reaches it.
END
    exit 1
}

graph() {
    az rest --resource "$endpoint" --only-show-errors "$@" 2>&1
}

command -v az >/dev/null || ask "The Azure CLI (az) is not installed here."

# In every cloud Microsoft Graph has this application id, and its service principal an object id of the tenant's own.
resource=$(graph --method get --output tsv --query id \
    --url "$endpoint/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')") ||
    ask "Microsoft Graph's service principal cannot be read: $resource"
[ -n "$resource" ] || ask "Microsoft Graph's service principal cannot be read: the tenant has none."
role=$(graph --method get --output tsv --query "appRoles[?value=='Reports.Read.All'].id | [0]" \
    --url "$endpoint/v1.0/servicePrincipals/$resource") ||
    ask "Microsoft Graph's permissions cannot be read: $role"
[ -n "$role" ] || ask "Microsoft Graph's permissions cannot be read: Reports.Read.All is none of them."

answer=$(graph --method post --url "$endpoint/v1.0/servicePrincipals/$principal/appRoleAssignments" \
    --headers Content-Type=application/json \
    --body "{\"principalId\": \"$principal\", \"resourceId\": \"$resource\", \"appRoleId\": \"$role\"}") ||
    case $answer in
    *"already exists"*) ;;
    *) ask "Reports.Read.All could not be granted: $answer" ;;
    esac
echo "The app has Reports.Read.All."
