<#
.SYNOPSIS
Grants permissions of Microsoft Graph to the app's managed identity, with the Azure CLI (az). Safe to repeat.
.DESCRIPTION
The same as grant-graph-permissions.sh, for Windows. Whoever runs this needs the Entra role Privileged Role
Administrator; Owner of the subscription is not enough.
.PARAMETER PrincipalId
Object id of the identity, which the deployment prints as IDENTITY_PRINCIPAL_ID.
.PARAMETER GraphEndpoint
Root of Microsoft Graph in the tenant's cloud.
.PARAMETER Permissions
What to grant, parted by blanks, which the deployment prints as GRAPH_PERMISSIONS; Reports.Read.All if it is empty.
#>
param(
    [string] $PrincipalId,
    [string] $GraphEndpoint,
    [string] $Permissions
)
$ErrorActionPreference = 'Stop'
if (-not $PrincipalId) {
    [Console]::Error.WriteLine('usage: ./infra/grant-graph-permissions.ps1 -PrincipalId ID [-GraphEndpoint URL] [-Permissions ''NAME ...'']')
    exit 2
}
$endpoint = if ($GraphEndpoint) { $GraphEndpoint.TrimEnd('/') } else { 'https://graph.microsoft.com' }
if (-not $Permissions) { $Permissions = 'Reports.Read.All' }

function Ask([string] $reason) {
    [Console]::Error.WriteLine(@"

$reason
The app runs, but Microsoft Graph refuses it the reports that need what it does not have: $Permissions.
Ask a Privileged Role Administrator of the tenant to run, in this folder and signed in with az login:

    ./infra/grant-graph-permissions.ps1 -PrincipalId $PrincipalId -GraphEndpoint $endpoint -Permissions '$Permissions'

or, where there is a shell:

    sh infra/grant-graph-permissions.sh $PrincipalId $endpoint $Permissions

Nothing else is to be done: the app asks again in every run. It can take a day until a grant reaches it.
"@)
    exit 1
}

function Graph {
    $ErrorActionPreference = 'Continue'
    (az rest --resource $endpoint --only-show-errors @args 2>&1 | Out-String).Trim()
}

if (-not (Get-Command az -ErrorAction SilentlyContinue)) { Ask 'The Azure CLI (az) is not installed here.' }

# In every cloud Microsoft Graph has this application id, and its service principal an object id of the tenant's own.
$url = "$endpoint/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"
$resource = Graph --method get --output tsv --query id --url $url
if ($LASTEXITCODE -or -not $resource) { Ask "Microsoft Graph's service principal cannot be read: $resource" }

foreach ($permission in -split $Permissions) {
    $query = "appRoles[?value=='$permission'].id | [0]"
    $role = Graph --method get --output tsv --query $query --url "$endpoint/v1.0/servicePrincipals/$resource"
    if ($LASTEXITCODE) { Ask "Microsoft Graph's permissions cannot be read: $role" }
    if (-not $role) { Ask "Microsoft Graph's permissions cannot be read: $permission is none of them." }

    # In a file, as Windows takes the quotes off an argument.
    $body = New-TemporaryFile
    @{ principalId = $PrincipalId; resourceId = $resource; appRoleId = $role } | ConvertTo-Json | Set-Content $body
    $answer = Graph --method post --url "$endpoint/v1.0/servicePrincipals/$PrincipalId/appRoleAssignments" `
        --headers Content-Type=application/json --body "@$body"
    $failed = $LASTEXITCODE -and $answer -notmatch 'already exists'
    Remove-Item $body
    if ($failed) { Ask "$permission could not be granted: $answer" }
    "The app has $permission."
}
