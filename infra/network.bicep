// The way from the app to its two storage accounts that does not cross the internet. Graph is still reached over it.

@description('Azure region: that of the app.')
param location string

@description('Part of every resource name.')
param name string

@description('Makes the names unique.')
param token string

@description('Id of the storage account of each service that is reached.')
param accountIds array

@description('What each of these services keeps: blob or queue.')
param serviceKinds array

@description('Address space of the virtual network; it is not peered with any other.')
param addressPrefix string = '10.41.0.0/24'

var kinds = ['blob', 'queue']

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

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for kind in kinds: {
    name: 'privatelink.${kind}.${environment().suffixes.storage}'
    location: 'global'
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (kind, i) in kinds: {
    parent: zones[i]
    name: 'vnet'
    location: 'global'
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: vnet.id }
    }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for (id, i) in accountIds: {
    name: 'pe-${last(split(id, '/'))}${serviceKinds[i] == 'blob' ? '' : '-${serviceKinds[i]}'}'
    location: location
    properties: {
      subnet: { id: endpointSubnet.id }
      privateLinkServiceConnections: [
        {
          name: serviceKinds[i]
          properties: { privateLinkServiceId: id, groupIds: [serviceKinds[i]] }
        }
      ]
    }
  }
]

resource addresses 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (id, i) in accountIds: {
    parent: endpoints[i]
    name: serviceKinds[i]
    properties: {
      privateDnsZoneConfigs: [
        { name: serviceKinds[i], properties: { privateDnsZoneId: zones[indexOf(kinds, serviceKinds[i])].id } }
      ]
    }
    dependsOn: [links]
  }
]

output appSubnetId string = appSubnet.id
