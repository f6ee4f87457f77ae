// The app registration that the tenants of a provider's customers consent to. It has no secret: it trusts the app's
// managed identity, which must be a user-assigned one of this tenant. Needs what graph-permissions.bicep needs.
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
extension microsoftGraphV1

@description('Part of its name, which no other registration of this tenant has.')
param uniqueName string

@description('Object id of the app\'s identity.')
param principalId string

@description('What customers consent to, such as Reports.Read.All.')
param permissions string[]

var audiences = {
  AzureCloud: 'api://AzureADTokenExchange'
  AzureUSGovernment: 'api://AzureADTokenExchangeUSGov'
  AzureChinaCloud: 'api://AzureADTokenExchangeChina'
}

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: 'Usage archive'
  signInAudience: 'AzureADMultipleOrgs'
  requiredResourceAccess: [
    {
      resourceAppId: graph.appId
      resourceAccess: [
        for permission in permissions: {
          id: filter(graph.appRoles, role => (role.value == permission))[0].id
          type: 'Role'
        }
      ]
    }
  ]

  resource trust 'federatedIdentityCredentials@v1.0' = {
    name: '${application.uniqueName}/archive'
    issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
    subject: principalId
    audiences: [audiences[environment().name]]
  }
}

output clientId string = application.appId
