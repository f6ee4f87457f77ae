<#
.SYNOPSIS
Shows a picture after a deployment: azd runs this when it has deployed the app. It asks for a run, waits for it, and prints
the address of the dashboard with its key, on a terminal alone. Safe to repeat.
.DESCRIPTION
The same as after-deployment.sh, for Windows.
#>
$ErrorActionPreference = 'Continue'
. (Join-Path $PSScriptRoot 'say.ps1')

foreach ($output in 'AZURE_RESOURCE_GROUP', 'AZURE_FUNCTION_APP_NAME', 'DASHBOARD_URL') {
    if (-not [Environment]::GetEnvironmentVariable($output)) {
        Say 'no_output' $output
        exit 2
    }
}
$group = $env:AZURE_RESOURCE_GROUP
$app = $env:AZURE_FUNCTION_APP_NAME
$api = $env:DASHBOARD_URL -replace '/dashboard$'

function Get-Key([string] $function, [string] $name) {
    Ask functionapp function keys list -g $group -n $app --function-name $function --query $name --output tsv
}

function Fetch([string] $key, [string] $method, [string] $path) {
    try {
        Invoke-WebRequest -UseBasicParsing -TimeoutSec 60 -Method $method -Headers @{ 'x-functions-key' = $key } -Uri "$api/$path"
    } catch {
        $_.Exception.Response
    }
}

$functions = @('reports', 'status')
if ($env:REPORTS -cmatch 'personal|all|directory|users|Detail') { $functions += 'personal_reports' }
$dashboard = Get-Key 'reports' 'dashboard'
if (-not $dashboard) { $dashboard = [Guid]::NewGuid().ToString('N') + [Guid]::NewGuid().ToString('N') }
$keyed = $true
foreach ($function in $functions) {
    if ((Get-Key $function 'dashboard') -ne $dashboard) {
        $null = Ask functionapp function keys set -g $group -n $app --function-name $function `
            --key-name dashboard --key-value $dashboard --output none
        if ($LASTEXITCODE) { $keyed = $false }
    }
}
if ($keyed) { Say 'keyed' } else { Say 'no_key' "$group -n $app" }

# Without these the host does not start or does not log, and the app cannot say so.
if ($env:IDENTITY_PRINCIPAL_ID) {
    $held = Get-Lines (Ask role assignment list --assignee-object-id $env:IDENTITY_PRINCIPAL_ID --all `
        --fill-principal-name false --query '[].roleDefinitionName' --output tsv)
    if (-not $LASTEXITCODE) {
        foreach ($role in 'Storage Blob Data Owner', 'Storage Queue Data Contributor', 'Monitoring Metrics Publisher') {
            if ($role -notin $held) { Say 'no_app_role' $role }
        }
    }
}

$answer = 0
foreach ($attempt in 1..6) {
    $answer = [int] (Fetch (Get-Key 'pull_now' 'default') 'Post' 'pull').StatusCode
    if ($answer -eq 202) { break }
    Start-Sleep 10
}
if ($answer -eq 202) {
    Say 'pulling'
    $word = ''
    foreach ($attempt in 1..90) {
        $word = "$((Fetch '' 'Get' 'health').Content)"
        if ($word -eq 'healthy') { break }
        if ("$((Fetch $dashboard 'Get' 'status').Content)".Contains('"permission": "missing"')) {
            $word = 'no_permission'
            break
        }
        if (-not [Console]::IsErrorRedirected) { [Console]::Error.Write('.') }
        Start-Sleep 10
    }
    if (-not [Console]::IsErrorRedirected) { [Console]::Error.WriteLine() }
    if ($word -eq 'healthy') { Say 'healthy' } elseif ($word -eq 'no_permission') { Say 'no_permission' } else { Say 'waiting' }
} else { Say 'no_pull' }

if ($keyed -and -not [Console]::IsOutputRedirected) { Say 'open' ($env:DASHBOARD_URL + '#key=' + $dashboard) }
else {
    $fetch = '$(az functionapp function keys list -g {0} -n {1} --function-name reports --query dashboard -o tsv)' -f $group, $app
    Say 'fetch_key' ($env:DASHBOARD_URL + '#key=' + $fetch)
}
