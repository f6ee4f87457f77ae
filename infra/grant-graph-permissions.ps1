<#
.SYNOPSIS
Grants Microsoft Graph's Reports.Read.All to the app's managed identity, with the module Microsoft.Graph. Safe to repeat.
.DESCRIPTION
Whoever runs this needs the Entra role Privileged Role Administrator; Owner of the subscription is not enough.
.PARAMETER PrincipalId
Object id of the identity, which the deployment prints as IDENTITY_PRINCIPAL_ID.
.PARAMETER GraphEndpoint
Root of Microsoft Graph in the tenant's cloud.
#>
param(
    [Parameter(Mandatory)] [string] $PrincipalId,
    [string] $GraphEndpoint = 'https://graph.microsoft.com'
)
$ErrorActionPreference = 'Stop'

$environments = @{
    'https://graph.microsoft.com'              = 'Global'
    'https://graph.microsoft.us'               = 'USGov'
    'https://dod-graph.microsoft.us'           = 'USGovDoD'
    'https://microsoftgraph.chinacloudapi.cn' = 'China'
}

try {
    Import-Module Microsoft.Graph.Applications
    Connect-MgGraph -Environment $environments[$GraphEndpoint] -NoWelcome `
        -Scopes 'AppRoleAssignment.ReadWrite.All', 'Application.Read.All'
    $graph = Get-MgServicePrincipal -Filter "appId eq '00000003-0000-0000-c000-000000000000'"
    $role = $graph.AppRoles | Where-Object Value -eq 'Reports.Read.All'
    $held = Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $PrincipalId -All
    if (-not ($held | Where-Object AppRoleId -eq $role.Id)) {
        New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $PrincipalId -PrincipalId $PrincipalId `
            -ResourceId $graph.Id -AppRoleId $role.Id | Out-Null
    }
    'The app has Reports.Read.All.'
}
catch {
    [Console]::Error.WriteLine(@"

Reports.Read.All could not be granted: $_
The app runs, but Microsoft Graph refuses it every report until it has that permission.
Ask a Privileged Role Administrator of the tenant to run, in this folder:

    ./infra/grant-graph-permissions.ps1 -PrincipalId $PrincipalId -GraphEndpoint $GraphEndpoint

after Install-Module Microsoft.Graph.Applications, or, with the Azure CLI:

    sh infra/grant-graph-permissions.sh $PrincipalId $GraphEndpoint

Nothing else is to be done: the app asks again in every run. It can take a day until a grant reaches it.
"@)
    exit 1
}
