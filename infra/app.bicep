// The app in a resource group: identity, plan, function app and settings here, the rest in the modules beside this file.
// Deploys alone too: `az deployment group create --template-file infra/app.bicep --parameters name=...`.
targetScope = 'resourceGroup'

@description('Part of every resource name: lower-case letters, digits and hyphens.')
@minLength(2)
@maxLength(16)
param name string

@description('Azure region. It must have Flex Consumption: az functionapp list-flexconsumption-locations.')
param location string = resourceGroup().location

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

var cloudOfAzure = {
  AzureCloud: 'global'
  AzureUSGovernment: 'usgov'
  AzureChinaCloud: 'china'
}
// https://learn.microsoft.com/graph/deployments. The v1.0 usage reports are in the global cloud alone.
var clouds = {
  global: { graphEndpoint: 'https://graph.microsoft.com', graphVersion: 'v1.0' }
  usgov: { graphEndpoint: 'https://graph.microsoft.us', graphVersion: 'beta' }
  dod: { graphEndpoint: 'https://dod-graph.microsoft.us', graphVersion: 'beta' }
  china: { graphEndpoint: 'https://microsoftgraph.chinacloudapi.cn', graphVersion: 'beta' }
}
var graph = clouds[cloud == 'auto' ? cloudOfAzure[environment().name] : cloud]
var token = uniqueString(resourceGroup().id, name)
var withEntra = !empty(entraClientId)

// The reports of the directory need more than the others, and what nobody selected is not granted.
var selected = map(split(replace(toLower(reports), '\n', ','), ','), item => trim(item))
var withDirectory = contains(selected, 'directory')
var withProducts = (withDirectory || contains(selected, 'subscribedskus')) && !contains(selected, '-subscribedskus')
var withAccounts = (withDirectory || contains(selected, 'users')) && !contains(selected, '-users')
var graphPermissionNames = concat(
  ['Reports.Read.All'],
  withProducts ? ['LicenseAssignment.Read.All'] : [],
  withAccounts ? ['User.Read.All'] : [],
  withAccounts && signInActivity ? ['AuditLog.Read.All'] : []
)

// Not system-assigned: its roles are there before the app first starts, and it outlives the app.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${name}-${token}'
  location: location
}

module storage 'storage.bicep' = {
  params: {
    location: location
    token: token
    principalId: identity.properties.principalId
    hostSku: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
    archiveSku: archiveSku
    closed: privateNetwork
    personalRetentionDays: personalRetentionDays
    quarantineDays: quarantineDays
    immutabilityDays: immutabilityDays
    lockArchive: lockArchive
    auditWorkspaceId: auditArchive ? monitoring.outputs.workspaceId : ''
  }
}

module monitoring 'monitoring.bicep' = {
  params: {
    location: location
    name: name
    token: token
    principalId: identity.properties.principalId
    alertEmail: alertEmail
    staleAfterDays: staleAfterDays
    hasTenants: !empty(tenants)
  }
}

module network 'network.bicep' = if (privateNetwork) {
  params: {
    location: location
    name: name
    token: token
    accountIds: [storage.outputs.hostId, storage.outputs.archiveId, storage.outputs.hostId]
    serviceKinds: ['blob', 'blob', 'queue']
  }
}

module graphPermissions 'graph-permissions.bicep' = if (grantGraphPermissions) {
  params: { principalId: identity.properties.principalId, permissions: graphPermissionNames }
}

var makesTenantsApp = !empty(tenants) && empty(tenantsClientId) && grantGraphPermissions

module tenantsApp 'tenants-app.bicep' = if (makesTenantsApp) {
  params: {
    uniqueName: 'usage-archive-${token}'
    principalId: identity.properties.principalId
    permissions: graphPermissionNames
  }
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-${name}-${token}'
  location: location
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: zoneRedundant }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  // At most 32 characters, by which the host tells apps apart: https://learn.microsoft.com/azure/azure-functions/storage-considerations#host-id-considerations
  name: 'func-${name}-${take(token, 10)}'
  location: location
  kind: 'functionapp,linux'
  tags: { 'azd-service-name': 'api' }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: privateNetwork ? network.?outputs.appSubnetId : null
    outboundVnetRouting: { allTraffic: privateNetwork }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: storage.outputs.packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
  }
  // A token that the platform fetched before a grant stays without it for up to a day, restarts or not
  // (https://github.com/MicrosoftDocs/azure-docs/issues/101801): no app before its permissions.
  dependsOn: [graphPermissions]
}

resource publishingByFtp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'ftp'
  properties: { allow: false }
}

resource publishingByScm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'scm'
  properties: { allow: false }
}

// Easy Auth stays on when the client id is taken away again: a deployment never opens the app between two settings.
module entraAuth 'entra-auth.bicep' = if (withEntra) {
  params: {
    siteName: site.name
    clientId: entraClientId
    host: entraHost
  }
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'appsettings'
  properties: {
    // Not __accountName, which stands for an address in the public cloud.
    AzureWebJobsStorage__blobServiceUri: storage.outputs.hostBlobUrl
    AzureWebJobsStorage__queueServiceUri: storage.outputs.hostQueueUrl
    AzureWebJobsStorage__tableServiceUri: storage.outputs.hostTableUrl
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identity.properties.clientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
    PYTHON_THREADPOOL_THREAD_COUNT: string(httpConcurrency)
    AZURE_CLIENT_ID: identity.properties.clientId
    PULL_SCHEDULE: pullSchedule
    REPORTS: reports
    MIN_GROUP: string(minGroup)
    PERSONAL_RETENTION_DAYS: string(personalRetentionDays)
    SIGN_IN_ACTIVITY: signInActivity ? 'true' : 'false'
    DELTA: delta ? 'true' : 'false'
    GRAPH_ENDPOINT: graph.graphEndpoint
    GRAPH_VERSION: graph.graphVersion
    DOWNLOAD_HOSTS: downloadHosts
    ARCHIVE_URL: storage.outputs.archiveUrl
    TENANTS: tenants
    TENANTS_CLIENT_ID: makesTenantsApp ? tenantsApp!.outputs.clientId : tenantsClientId
    HTTP_AUTH_LEVEL: withEntra ? 'ANONYMOUS' : 'FUNCTION'
  }
  dependsOn: [entraAuth] // which is to be on before the host lets callers in without a key
}

output functionAppName string = site.name
output reportsUrl string = 'https://${site.properties.defaultHostName}/api/v1.0/reports'
output dashboardUrl string = 'https://${site.properties.defaultHostName}/api/dashboard'
output archiveUrl string = storage.outputs.archiveUrl
output identityPrincipalId string = identity.properties.principalId
output graphEndpoint string = graph.graphEndpoint
output graphPermissions string = join(graphPermissionNames, ' ')
