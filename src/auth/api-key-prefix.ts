/** Every API key begins with it, so that people, and scanners for leaked secrets, know one when they see it. No access token does. */
export const API_KEY_PREFIX = 'parley_';
