#!/bin/sh
# Grants permissions of Microsoft Graph to the app's managed identity, with the Azure CLI (az). Safe to repeat.
#
#   sh infra/grant-graph-permissions.sh PRINCIPAL_ID [GRAPH_ENDPOINT [PERMISSION ...]]
#
# PRINCIPAL_ID is the object id of the identity, which the deployment prints as IDENTITY_PRINCIPAL_ID; the permissions
# are those of GRAPH_PERMISSIONS, and Reports.Read.All where none is named. Whoever runs this needs the Entra role
# Privileged Role Administrator; Owner of the subscription is not enough.
set -u

principal=${1:-}
endpoint=${2:-https://graph.microsoft.com}
endpoint=${endpoint%/}
if [ -z "$principal" ]; then
    echo "usage: $0 PRINCIPAL_ID [GRAPH_ENDPOINT [PERMISSION ...]]" >&2
    exit 2
fi
shift
[ $# -eq 0 ] || shift
permissions=${*:-Reports.Read.All}

ask() {
    cat >&2 <<END

$1
The app runs, but Microsoft Graph refuses it the reports that need what it does not have: $permissions.
Ask a Privileged Role Administrator of the tenant to run, in this folder and signed in with az login:

    sh infra/grant-graph-permissions.sh $principal $endpoint $permissions

or, on Windows:

    ./infra/grant-graph-permissions.ps1 -PrincipalId $principal -GraphEndpoint $endpoint -Permissions '$permissions'

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

for permission in $permissions; do
    role=$(graph --method get --output tsv --query "appRoles[?value=='$permission'].id | [0]" \
        --url "$endpoint/v1.0/servicePrincipals/$resource") ||
        ask "Microsoft Graph's permissions cannot be read: $role"
    [ -n "$role" ] || ask "Microsoft Graph's permissions cannot be read: $permission is none of them."

    answer=$(graph --method post --url "$endpoint/v1.0/servicePrincipals/$principal/appRoleAssignments" \
        --headers Content-Type=application/json \
        --body "{\"principalId\": \"$principal\", \"resourceId\": \"$resource\", \"appRoleId\": \"$role\"}") ||
        case $answer in
        *"already exists"*) ;;
        *) ask "$permission could not be granted: $answer" ;;
        esac
    echo "The app has $permission."
done
