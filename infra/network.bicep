// The way from the app to its two storage accounts that does not cross the internet. Graph is still reached over it.

@description('Azure region: that of the app.')
param location string

@description('Part of every resource name.')
param name string

@description('Makes the names unique.')
param token string

@description('Ids of the storage accounts.')
param accountIds array

@description('Address space of the virtual network; it is not peered with any other.')
param addressPrefix string = '10.41.0.0/24'

var blobZone = 'privatelink.blob.${environment().suffixes.storage}'

resource vnet 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: 'vnet-${name}-${token}'
  location: location
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          // Of Flex Consumption, which is not Microsoft.Web: https://learn.microsoft.com/azure/azure-functions/flex-consumption-how-to#enable-virtual-network-integration
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'endpoints'
        properties: { addressPrefix: cidrSubnet(addressPrefix, 26, 1) }
      }
    ]
  }
}

resource appSubnet 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' existing = {
  parent: vnet
  name: 'app'
}

resource endpointSubnet 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' existing = {
  parent: vnet
  name: 'endpoints'
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: blobZone
  location: 'global'
}

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: zone
  name: 'vnet'
  location: 'global'
  properties: {
    registrationEnabled: false
    virtualNetwork: { id: vnet.id }
  }
}

resource endpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for id in accountIds: {
    name: 'pe-${last(split(id, '/'))}'
    location: location
    properties: {
      subnet: { id: endpointSubnet.id }
      privateLinkServiceConnections: [
        {
          name: 'blob'
          properties: { privateLinkServiceId: id, groupIds: ['blob'] }
        }
      ]
    }
  }
]

resource addresses 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (id, i) in accountIds: {
    parent: endpoints[i]
    name: 'blob'
    properties: {
      privateDnsZoneConfigs: [{ name: 'blob', properties: { privateDnsZoneId: zone.id } }]
    }
    dependsOn: [link]
  }
]

output appSubnetId string = appSubnet.id
