// Where the log goes, who is told, and the page that shows it.

@description('Azure region: that of the app.')
param location string

@description('Part of every resource name.')
param name string

@description('Makes the names unique.')
param token string

@description('Object id of the app\'s identity.')
param principalId string

@description('Mail address for the alarms; empty: nobody is mailed.')
param alertEmail string

@description('Days after its refresh date at which the newest snapshot of a call counts as stale.')
param staleAfterDays int

@description('Whether the app archives the tenants of a provider\'s customers.')
param hasTenants bool

@description('Days for which the log is kept.')
@minValue(30)
@maxValue(730)
param retentionInDays int = 90

var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: 'log-${name}-${token}'
  location: location
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionInDays
    features: { disableLocalAuth: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${name}-${token}'
  location: location
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource publisher 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, principalId, metricsPublisher)
  scope: insights
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: 'ag-${name}-${token}'
  location: 'Global'
  properties: {
    groupShortName: take(name, 12)
    enabled: true
    emailReceivers: [{ name: 'owner', emailAddress: alertEmail, useCommonAlertSchema: true }]
  }
}

module alarms 'alarms.bicep' = {
  params: {
    location: location
    name: name
    insightsId: insights.id
    actionGroupIds: empty(alertEmail) ? [] : [people.id]
    staleAfterDays: staleAfterDays
    hasTenants: hasTenants
  }
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(insights.id, 'coverage')
  location: location
  kind: 'shared'
  properties: {
    displayName: 'Usage archive ${name}: coverage and outcomes'
    category: 'workbook'
    sourceId: insights.id
    serializedData: replace(loadTextContent('workbook.json'), 'INSIGHTS_ID', insights.id)
  }
}

output workspaceId string = workspace.id
output connectionString string = insights.properties.ConnectionString
