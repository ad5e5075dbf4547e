/** All requests of which none may be executed. Most are made in families: the same idea in several sizes and disguises. */
import type { GraphQLSchema } from 'graphql';
import { costs, introspections } from './hostile-costs.js';
import { bodies, disguises, operations } from './hostile-forms.js';
import type { HostileRequest } from './hostile-request.js';
import { aliases, depths, directives, fragments } from './hostile-shapes.js';
import { sizes, valuesOfWrongKinds, variableTricks } from './hostile-values.js';

/** The lists in them are those of the schema. */
export function hostileRequests(schema: GraphQLSchema): readonly HostileRequest[] {
  return [
    ...depths(),
    ...aliases(),
    ...fragments(),
    ...directives(),
    ...costs(schema),
    ...sizes(),
    ...valuesOfWrongKinds(),
    ...variableTricks(),
    ...introspections(),
    ...operations(),
    ...disguises(),
    ...bodies(),
  ];
}
