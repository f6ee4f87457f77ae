// From nothing to the whole app: a resource group, with app.bicep in it. `azd up` deploys this file, and so does
// `az deployment sub create`. To deploy into a resource group that is there already, deploy app.bicep alone.
targetScope = 'subscription'

@description('Part of every resource name, if it has 16 letters, digits and hyphens at most; else what is made of it is. Any name of an azd environment will do.')
@minLength(2)
@maxLength(64)
param name string

@description('Azure region. It must have Flex Consumption: az functionapp list-flexconsumption-locations.')
param location string

@description('When to pull: NCRONTAB, six fields, seconds first. UTC, as Flex Consumption knows no time zones. The alarms want at least one run a day.')
param pullSchedule string = '0 15 1,7,13,19 * * *'

@description('What to pull, separated by comma: aggregates, personal, all, directory, a family, a report, a call; -item leaves out.')
param reports string = 'aggregates'

@description('Let the report users tell when accounts last signed in, where the tenant has Entra ID P1.')
param signInActivity bool = false

@description('Let the tables of each call be a Delta table too, for Fabric and Databricks.')
param delta bool = false

@description('How many people a number must be of to be told under the keys of reports.')
@minValue(3)
@maxValue(9999)
param minGroup int = 5

@description('Where the Microsoft 365 tenant is. auto: in the cloud that is deployed to (GCC is global). GCC High is usgov, DoD is dod.')
@allowed(['auto', 'global', 'usgov', 'dod', 'china'])
param cloud string = 'auto'

@description('Further origins that a report may be downloaded from, separated by comma. The download hosts of the US Government and China clouds are published nowhere; the log names a host that was refused.')
param downloadHosts string = ''

@description('Grant what the reports need of Microsoft Graph in this deployment. The deployer then needs an Entra role too; else see infra/grant-graph-permissions.')
param grantGraphPermissions bool = false

@description('Tenants of a provider\'s customers to archive, by id, separated by comma; @: those of usage-input/tenants.csv. Empty: the app\'s own tenant.')
param tenants string = ''

@description('Client id of the app registration that those tenants consent to. Empty: with grantGraphPermissions the deployment makes it.')
@maxLength(36)
param tenantsClientId string = ''

@description('Mail address for the alarms. Empty: the alarms fire in Azure Monitor and mail nobody.')
param alertEmail string = ''

@description('Days after its refresh date at which the newest snapshot of a call counts as stale. Two to three are usual; some reports come out weekly.')
@minValue(4)
@maxValue(60)
param staleAfterDays int = 10

@description('For how many days from its refresh date on a report with people is kept; 0: for ever. Not fewer than 90, as the app pulls single days again for 28.')
@allowed([0, 90, 180, 365, 730, 1095, 1825, 3650])
param personalRetentionDays int = 0

@description('Days after which bodies that were not published are deleted. They may hold personal data, whatever report they were asked for.')
@minValue(1)
@maxValue(3650)
param quarantineDays int = 180

@description('Days for which a snapshot without personal data can be neither changed nor deleted, by anybody; 0: no policy. The policy is created unlocked.')
@minValue(0)
@maxValue(146000)
param immutabilityDays int = 0

@description('Put a delete lock on the archive account. It has to be taken off by hand before the resource group can be deleted.')
param lockArchive bool = true

@description('Redundancy of the archive account. Not every region has zones.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param archiveSku string = 'Standard_ZRS'

@description('Log who reads, writes and deletes what in the archive.')
param auditArchive bool = false

@description('Close both storage accounts to the internet; the app reaches them through a virtual network. The app itself stays public.')
param privateNetwork bool = false

@description('Spread the app and its own storage over availability zones. Flex Consumption then keeps, and bills, two instances at least.')
param zoneRedundant bool = false

@description('Application (client) id of the app registration for Entra sign-in. Empty: callers bring a function key.')
@maxLength(36)
param entraClientId string = ''

@description('Custom domain of the app, such as reports.contoso.com, if its https:// form is the Application ID URI. Power BI needs that to sign in.')
param entraHost string = ''

@description('Memory of an instance.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances at a time.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('HTTP requests that an instance answers side by side. Python would get 1 on Flex Consumption, and a Power BI refresh an instance for each query.')
@minValue(1)
@maxValue(100)
param httpConcurrency int = 16

// A name that fits is taken as it is, whatever its case: an archive that is there keeps its accounts.
var plainName = replace(replace(replace(replace(name, '_', '-'), '.', '-'), '(', '-'), ')', '-')
var shortName = length(plainName) > 16 ? '${take(plainName, 11)}-${take(uniqueString(name), 4)}' : plainName

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${name}'
  location: location
  tags: { 'azd-env-name': name }
}

module app 'app.bicep' = {
  scope: group
  params: {
    name: shortName
    location: location
    pullSchedule: pullSchedule
    reports: reports
    signInActivity: signInActivity
    delta: delta
    minGroup: minGroup
    cloud: cloud
    downloadHosts: downloadHosts
    grantGraphPermissions: grantGraphPermissions
    tenants: tenants
    tenantsClientId: tenantsClientId
    alertEmail: alertEmail
    staleAfterDays: staleAfterDays
    personalRetentionDays: personalRetentionDays
    quarantineDays: quarantineDays
    immutabilityDays: immutabilityDays
    lockArchive: lockArchive
    archiveSku: archiveSku
    auditArchive: auditArchive
    privateNetwork: privateNetwork
    zoneRedundant: zoneRedundant
    entraClientId: entraClientId
    entraHost: entraHost
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpConcurrency: httpConcurrency
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_APP_NAME string = app.outputs.functionAppName
output REPORTS_URL string = app.outputs.reportsUrl
output DASHBOARD_URL string = app.outputs.dashboardUrl
output ARCHIVE_URL string = app.outputs.archiveUrl
output IDENTITY_PRINCIPAL_ID string = app.outputs.identityPrincipalId
output GRAPH_ENDPOINT string = app.outputs.graphEndpoint
output GRAPH_PERMISSIONS string = app.outputs.graphPermissions
