import { createParameterDecorator } from 'type-graphql';

/**
 * The object that the field belongs to, as the field above returned it. Type-graphql's own `@Root` copies every object
 * that is no instance of its class, once for each of its fields, and what the services return are plain rows.
 */
export function Parent(): ReturnType<typeof createParameterDecorator> {
  return PARENT;
}

const PARENT = createParameterDecorator(({ root }) => root);
