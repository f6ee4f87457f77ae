// The US Government cloud (GCC High), where people sign in without a custom domain.
using 'main.bicep'

param name = 'usage'
param location = 'usgovvirginia'
param cloud = 'usgov'
param entraClientId = '11111111-2222-3333-4444-555555555555'
