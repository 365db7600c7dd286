namespace AgentPki.Protocols.Acme.Jws;

/// <summary>How an endpoint wants the key of a request named (RFC 8555 §6.2).</summary>
public enum AcmeKeyNaming
{
    /// <summary>By the account's URL, as everywhere but in the other two.</summary>
    AccountUrl,

    /// <summary>By the key itself: newAccount (§7.3).</summary>
    Key,

    /// <summary>By either: revokeCert, where the key may be the certificate's own (§7.6).</summary>
    Either,
}
