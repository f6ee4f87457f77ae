// Entra sign-in in front of the HTTP functions ("Easy Auth"). The app registration is made by hand: docs/deploy.md.

@description('The function app.')
param siteName string

@description('Application (client) id of the app registration.')
@minLength(36)
@maxLength(36)
param clientId string

@description('Custom domain of the app, if its https:// form is the Application ID URI.')
param host string

// https://learn.microsoft.com/power-query/connector-authentication
var powerQueryClients = [
  'a672d62c-fc7b-4e81-a576-e60dc46e951d' // Power BI Desktop, Excel, gateway
  'b52893c8-bc2e-47fc-918b-77022b299bbc' // Power BI service
]

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName
}

resource auth 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true, runtimeVersion: '~1' }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: ['/api/health', '/api/pull'] // the latter wants a function key in any case
    }
    httpSettings: { requireHttps: true }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: clientId
          openIdIssuer: uri(environment().authentication.loginEndpoint, '${tenant().tenantId}/v2.0')
        }
        login: { disableWWWAuthenticate: false }
        validation: {
          // Tokens of version 2 name the client id, those of version 1 the Application ID URI.
          allowedAudiences: concat(
            [clientId, 'api://${clientId}'],
            empty(host) ? [] : ['https://${host}']
          )
          defaultAuthorizationPolicy: { allowedApplications: concat([clientId], powerQueryClients) }
        }
      }
    }
  }
}
