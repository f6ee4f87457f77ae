// Permissions of Microsoft Graph for the app's identity. Needs Bicep 0.36.1 and, of the deployer, an Entra role:
// https://learn.microsoft.com/graph/templates/bicep/overview-bicep-templates-for-graph. Deploying it again is safe.
extension microsoftGraphV1

@description('Object id of the app\'s identity.')
param principalId string

@description('What to grant, such as Reports.Read.All.')
param permissions string[]

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource grants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for permission in permissions: {
    appRoleId: filter(graph.appRoles, role => (role.value == permission))[0].id
    principalId: principalId
    resourceId: graph.id
  }
]
