<#
.SYNOPSIS
Says before ten minutes are spent what would stop a deployment, and what to do: azd runs this before it provisions.
.DESCRIPTION
The same as before-deployment.sh, for Windows. What it says is in sentences.txt, which both read.
#>
$ErrorActionPreference = 'Continue'
$here = $PSScriptRoot
. (Join-Path $here 'say.ps1')
$script:stops = 0

function Stop-At([string] $code, [string] $value) {
    Say $code $value
    $script:stops = 1
}

function Complete {
    if ($script:stops) { exit 1 }
    Say 'good'
    exit 0
}

function Test-Schedule([string] $schedule) {
    if ($schedule.Contains("`t")) { Stop-At 'schedule_sign' 'a tab' }
    elseif ($schedule -cmatch '[?#@LW]') { Stop-At 'schedule_sign' 'one of ? # @ L W' }
    $fields = @(-split $schedule)
    if ($fields.Count -eq 5) { $fields = @('0') + $fields }
    if ($fields.Count -ne 6) {
        Stop-At 'schedule_fields' $schedule
        return
    }
    if ($fields[0] -match '[^0-9]') { Stop-At 'schedule_seconds' $fields[0] }
    if ($fields[5] -match '7') { Stop-At 'schedule_sign' '7, and Sunday is 0' }
    if (($fields[3..5] -join ' ') -ne '* * *') { Stop-At 'schedule_rare' }
    foreach ($part in ($fields[1..4] -join ' ') -split '[,/ ]') {
        if ($part -match '^(\d+)-(\d+)$' -and [int] $Matches[1] -gt [int] $Matches[2]) { Stop-At 'schedule_turned' $part }
    }
}

$hasAzd = [bool] (Get-Command azd -ErrorAction SilentlyContinue)

# Once, and of a person alone: by default nobody's name is archived.
if (-not $env:REPORTS -and -not [Console]::IsInputRedirected -and $hasAzd) {
    Say 'ask_personal'
    $env:REPORTS = if ([Console]::ReadLine() -match '^[yY]') { 'aggregates, personal' } else { 'aggregates' }
    azd env set REPORTS $env:REPORTS
}
if ($env:PULL_SCHEDULE) { Test-Schedule $env:PULL_SCHEDULE }

if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
    Stop-At 'no_az'
    Complete
}
$current = Ask account show --query id --output tsv
if ($LASTEXITCODE) {
    Stop-At 'az_signed_out'
    Complete
}
# It exits with 0 in any case.
if ($hasAzd -and "$(azd auth login --check-status --output json 2>$null)" -notmatch '"success"') { Stop-At 'azd_signed_out' }

$subscription = if ($env:AZURE_SUBSCRIPTION_ID) { $env:AZURE_SUBSCRIPTION_ID } else { $current }
$null = Ask account show --subscription $subscription --query tenantId --output tsv
if ($LASTEXITCODE) {
    Stop-At 'no_subscription' $subscription
    Complete
}
if ($current -ne $subscription) {
    Stop-At 'another_subscription' $subscription
    Complete
}

# A sign-in stands in a file, and may be of no use any more.
$null = Ask account get-access-token --query tenant --output tsv
if ($LASTEXITCODE) {
    Stop-At 'az_expired'
    Complete
}
if (-not $env:AZURE_SUBSCRIPTION_ID) { Say 'choose' $current }

$me = Ask ad signed-in-user show --query id --output tsv
if ($LASTEXITCODE) { $me = Ask account show --query user.name --output tsv }
$roles = Get-Lines (Ask role assignment list --assignee $me --include-inherited --include-groups --scope "/subscriptions/$subscription" `
    --query '[].roleDefinitionName' --output tsv)
if ($LASTEXITCODE) { Say 'unchecked' 'you may assign roles' }
elseif (-not ($roles | Where-Object { $_ -in 'Owner', 'User Access Administrator', 'Role Based Access Control Administrator' })) {
    Stop-At 'no_role' $subscription
}

$providers = @('Microsoft.Web', 'Microsoft.Storage', 'Microsoft.ManagedIdentity', 'Microsoft.Insights', 'Microsoft.OperationalInsights')
if ($env:PRIVATE_NETWORK -and $env:PRIVATE_NETWORK -ne 'false') { $providers += 'Microsoft.Network', 'Microsoft.App' }
$registered = Get-Lines (Ask provider list --query "[?starts_with(registrationState, 'Regist')].namespace" --output tsv)
if ($LASTEXITCODE) { Say 'unchecked' 'the resource providers are registered' }
else {
    foreach ($provider in $providers) {
        if ($provider -notin $registered) { Stop-At 'no_provider' $provider }
    }
}

$region = $env:AZURE_LOCATION
function Test-Flex([string] $zones) { # Whether the region is one of those with Flex Consumption, with zones if that is true.
    $found = Get-Lines (Ask functionapp list-flexconsumption-locations --zone-redundant $zones --query '[].name' --output tsv)
    if ($LASTEXITCODE) {
        Say 'unchecked' "$region has Flex Consumption, with zones if they are asked for"
        return $true
    }
    ($region -replace ' ') -in ($found -replace ' ')
}
if (-not $region) { Say 'no_region' }
elseif (-not (Test-Flex 'false')) { Stop-At 'no_flex' $region }
elseif ($env:ZONE_REDUNDANT -eq 'true' -and -not (Test-Flex 'true')) { Stop-At 'no_zones' $region }
else {
    $versions = Get-Lines (Ask functionapp list-flexconsumption-runtimes --location $region --runtime python --query '[].version' --output tsv)
    if ($LASTEXITCODE) { Say 'unchecked' "$region has Python 3.13" }
    elseif ('3.13' -notin $versions) { Stop-At 'no_python' $region }
}

# Privileged Role Administrator and Global Administrator: https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
$graph = if ($env:GRAPH_ENDPOINT) { $env:GRAPH_ENDPOINT } else { 'https://graph.microsoft.com' }
$held = Ask rest --method get --resource $graph --output tsv --query 'value[].roleTemplateId' `
    --url "$graph/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole"
if ($LASTEXITCODE) { Say 'unchecked' 'you may grant permissions of Microsoft Graph' }
elseif ($held -notmatch 'e8611ab8-c189-46e8-94e1-60213ab1f814|62e90394-69f5-4237-9190-012177145e10') { Say 'may_not_grant' }

# What Azure itself finds wrong: policies, names that are taken, values and persons that are refused.
if (-not $script:stops -and $region) {
    $given = foreach ($each in (Get-Content (Join-Path $here 'main.parameters.json') -Raw | ConvertFrom-Json).parameters.PSObject.Properties) {
        $value = [Environment]::GetEnvironmentVariable(($each.Value.value -replace '^\$\{|[=}].*$'))
        if ($value) { "$($each.Name)=$value" }
    }
    $refusal = az deployment sub validate --only-show-errors --location $region --template-file (Join-Path $here 'main.bicep') `
        --parameters @given 2>&1 | Out-String
    if ($LASTEXITCODE) {
        if ($refusal -match 'AlreadyTaken|AlreadyExists') { Stop-At 'taken' }
        elseif ($refusal -match 'RequestDisallowedByPolicy') { Stop-At 'policy' $refusal.Trim() }
        elseif ($refusal -match 'roleAssignments/write') { Stop-At 'no_role' $subscription }
        else { Stop-At 'unknown' $refusal.Trim() }
    }
}
Complete
