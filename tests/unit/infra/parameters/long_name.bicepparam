// The name of an azd environment that no resource could have: long, with capitals and signs.
using 'main.bicep'

param name = 'Contoso_Usage.Archive-Production(2026)'
param location = 'westeurope'
