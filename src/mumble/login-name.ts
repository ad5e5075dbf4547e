/** Whom a Mumble client means by its user name, and which organization. Pure. */

export interface TenantRules {
  /** A host name with `TAG` in the place of an organization's tag, or null. */
  readonly hostPattern: string | null;
  /** The tag of the organization of names without one, or null. */
  readonly defaultOrganization: string | null;
}

export interface LoginName {
  readonly username: string;
  readonly organizationTag: string;
}

/**
 * Reads `alice@TAG`; where there is no tag the host name tells it that the client has asked for by TLS (SNI), and where
 * that does not the default. Returns undefined where nothing tells the organization.
 */
export function loginName(name: string, hostName: string | null, rules: TenantRules): LoginName | undefined {
  // No user name and no tag has an @ in it.
  const at = name.lastIndexOf('@');
  if (at >= 0) return { username: name.slice(0, at), organizationTag: name.slice(at + 1) };
  const organizationTag = tagOfHost(hostName, rules.hostPattern) ?? rules.defaultOrganization;
  return organizationTag === null ? undefined : { username: name, organizationTag };
}

function tagOfHost(hostName: string | null, pattern: string | null): string | null {
  if (hostName === null || pattern === null) return null;
  const [before = '', after = ''] = pattern.split('TAG');
  const host = hostName.toLowerCase();
  const end = host.length - after.length;
  const isMatch = host.startsWith(before.toLowerCase()) && host.endsWith(after.toLowerCase()) && end > before.length;
  return isMatch ? host.slice(before.length, end) : null;
}
