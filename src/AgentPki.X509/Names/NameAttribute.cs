namespace AgentPki.X509.Names;

/// <summary>One AttributeTypeAndValue of a name (RFC 5280 §4.1.2.4).</summary>
/// <param name="Oid">The dotted attribute type.</param>
/// <param name="Value">The value as text; <c>#</c> and hex of its DER where it is no string.</param>
/// <param name="Tag">The DER tag of the value's type.</param>
public sealed record NameAttribute(string Oid, string Value, byte Tag);
