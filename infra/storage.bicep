// Two storage accounts: one of the Functions host, one of the archive. There is no key to either; the app's identity
// has the one on the whole, and of the other the six containers that it writes to.

@description('Azure region: that of the app.')
param location string

@description('Makes the account names unique: 13 letters and digits.')
param token string

@description('Object id of the app\'s identity.')
param principalId string

@description('Redundancy of the host account.')
param hostSku string

@description('Redundancy of the archive account.')
param archiveSku string

@description('Refuse whatever does not come through a private endpoint.')
param closed bool

@description('Days after which blobs with reports of people are deleted at the latest; 0: never.')
param personalRetentionDays int

@description('Days after which bodies that were not published are deleted.')
param quarantineDays int

@description('Days for which a snapshot without personal data can be neither changed nor deleted; 0: no policy.')
param immutabilityDays int

@description('Put a delete lock on the archive account.')
param lockArchive bool

@description('Id of the workspace that is told of every access to the archive; empty: none.')
param auditWorkspaceId string

@description('Days in which something deleted can be brought back.')
@minValue(7)
@maxValue(365)
param softDeleteDays int = 30

@description('Days after which personal snapshots, which are the large ones, move to the cool tier.')
param coolAfterDays int = 90

@description('Days after which they move on to the cold tier. Not to the archive tier, which cannot be read at once.')
param coldAfterDays int = 365

var hardened = {
  allowBlobPublicAccess: false
  allowSharedKeyAccess: false
  allowCrossTenantReplication: false
  defaultToOAuthAuthentication: true
  minimumTlsVersion: 'TLS1_2'
  supportsHttpsTrafficOnly: true
  publicNetworkAccess: closed ? 'Disabled' : 'Enabled'
  networkAcls: { defaultAction: closed ? 'Deny' : 'Allow', bypass: 'None' }
}
var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var blobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
var containerNames = ['usage', 'usage-personal', 'usage-quarantine', 'usage-derived', 'usage-personal-derived', 'usage-erased']

resource host 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'sthost${token}'
  location: location
  kind: 'StorageV2'
  sku: { name: hostSku }
  properties: hardened
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: host
  name: 'default'
}

resource package 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: hostBlobs
  name: 'app-package'
  properties: { publicAccess: 'None' }
}

resource hostQueues 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: host
  name: 'default'
}

// POST /pull puts a message into the first, which starts a run; the host moves one that failed again and again into the
// second.
resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [
  for queue in ['pull', 'pull-poison']: {
    parent: hostQueues
    name: queue
  }
]

resource hostQueueContributor 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(host.id, principalId, queueDataContributor)
  scope: host
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueDataContributor)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource hostOwner 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(host.id, principalId, blobDataOwner)
  scope: host
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource archive 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'starch${token}'
  location: location
  kind: 'StorageV2'
  sku: { name: archiveSku }
  properties: hardened
}

resource archiveBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: archive
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for container in containerNames: {
    parent: archiveBlobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource writers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (container, i) in containerNames: {
    name: guid(containers[i].id, principalId, blobDataContributor)
    scope: containers[i]
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

// What only the organisation knows, prices and people: the app reads it alone.
resource input 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: archiveBlobs
  name: 'usage-input'
  properties: { publicAccess: 'None' }
}

resource inputReader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(input.id, principalId, blobDataReader)
  scope: input
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReader)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// On the first container alone, usage: a person's data must stay erasable, and what is derived is written again and
// again. Created unlocked: locking it, which cannot be undone, is for the operator to do.
resource writeOnce 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-06-01' = if (immutabilityDays > 0) {
  parent: containers[0]
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: immutabilityDays
    allowProtectedAppendWrites: false
  }
}

var coolerRule = {
  name: 'personal-snapshots-cool-down'
  type: 'Lifecycle'
  enabled: true
  definition: {
    filters: { blobTypes: ['blockBlob'], prefixMatch: ['usage-personal/'] }
    actions: {
      baseBlob: {
        tierToCool: { daysAfterModificationGreaterThan: coolAfterDays }
        tierToCold: { daysAfterModificationGreaterThan: coldAfterDays }
      }
    }
  }
}
// The app deletes by refresh date. This is for one that is turned off: it counts from when a blob was written.
var expiryRule = {
  name: 'personal-snapshots-expire'
  type: 'Lifecycle'
  enabled: true
  definition: {
    filters: { blobTypes: ['blockBlob'], prefixMatch: ['usage-personal/', 'usage-personal-derived/'] }
    actions: {
      baseBlob: { delete: { daysAfterCreationGreaterThan: personalRetentionDays } }
      version: { delete: { daysAfterCreationGreaterThan: personalRetentionDays } }
    }
  }
}
// A body that was not published may hold people, whatever report was asked for.
var quarantineRule = {
  name: 'quarantined-bodies-expire'
  type: 'Lifecycle'
  enabled: true
  definition: {
    filters: { blobTypes: ['blockBlob'], prefixMatch: ['usage-quarantine/'] }
    actions: {
      baseBlob: { delete: { daysAfterCreationGreaterThan: quarantineDays } }
      version: { delete: { daysAfterCreationGreaterThan: quarantineDays } }
    }
  }
}
// Only what is derived is ever written over, so only there do versions pile up.
var derivedRule = {
  name: 'derived-versions-expire'
  type: 'Lifecycle'
  enabled: true
  definition: {
    filters: { blobTypes: ['blockBlob'], prefixMatch: ['usage-derived/', 'usage-personal-derived/'] }
    actions: { version: { delete: { daysAfterCreationGreaterThan: 7 } } }
  }
}
// What is written over here named somebody who was erased, or is a list or a key of before: nothing of it may stay.
var erasedRule = {
  name: 'erased-versions-expire'
  type: 'Lifecycle'
  enabled: true
  definition: {
    filters: { blobTypes: ['blockBlob'], prefixMatch: ['usage-personal/', 'usage-input/', 'usage-erased/'] }
    actions: {
      version: { delete: { daysAfterCreationGreaterThan: 7 } }
    }
  }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: archive
  name: 'default'
  dependsOn: [archiveBlobs] // a rule for versions is refused while there is no versioning
  properties: {
    policy: {
      rules: concat([coolerRule, derivedRule, erasedRule, quarantineRule], personalRetentionDays > 0 ? [expiryRule] : [])
    }
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (lockArchive) {
  name: 'keep-the-archive'
  scope: archive
  properties: { level: 'CanNotDelete', notes: 'Microsoft 365 has forgotten most of what is in here.' }
}

// There is no version of this API that is not a preview.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(auditWorkspaceId)) {
  name: 'who-did-what'
  scope: archiveBlobs
  properties: {
    workspaceId: auditWorkspaceId
    logs: [
      { category: 'StorageRead', enabled: true }
      { category: 'StorageWrite', enabled: true }
      { category: 'StorageDelete', enabled: true }
    ]
  }
}

// The roles are part of this module, so that whoever uses an output waits for them.
output hostId string = host.id
output hostBlobUrl string = host.properties.primaryEndpoints.blob
output hostQueueUrl string = host.properties.primaryEndpoints.queue
output hostTableUrl string = host.properties.primaryEndpoints.table
output packageContainerUrl string = '${host.properties.primaryEndpoints.blob}${package.name}'
output archiveId string = archive.id
output archiveUrl string = archive.properties.primaryEndpoints.blob
