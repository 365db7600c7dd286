using System.Globalization;
using System.Text;
using System.Text.Json;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;

namespace AgentPki.Protocols.Acme;

/// <summary>Resources as JSON (RFC 8555 §7.1).</summary>
internal static class AcmeResources
{
    /// <summary>§7.1.2.</summary>
    public static void Write(Utf8JsonWriter json, AcmeAccount account, AcmeUrls urls)
    {
        json.WriteStartObject();
        json.WriteString("status"u8, WireName(account.State));
        if (account.Contacts.Count > 0)
        {
            json.WriteStartArray("contact"u8);
            foreach (var contact in account.Contacts)
            {
                json.WriteStringValue(contact);
            }

            json.WriteEndArray();
        }

        if (account.TermsAgreed)
        {
            json.WriteBoolean("termsOfServiceAgreed"u8, true);
        }

        json.WriteString("orders"u8, urls.Orders(account.Id));
        json.WriteEndObject();
    }

    /// <summary>§7.1.3, with profile (draft-ietf-acme-profiles) and replaces (RFC 9773 §5).</summary>
    public static void Write(Utf8JsonWriter json, AcmeOrder order, string? profile, AcmeUrls urls)
    {
        json.WriteStartObject();
        json.WriteString("status"u8, AcmeOrders.WireName(order.State));
        json.WriteString("expires"u8, Time(order.Expires));
        json.WriteStartArray("identifiers"u8);
        foreach (var identifier in order.Identifiers)
        {
            Write(json, identifier);
        }

        json.WriteEndArray();
        if (profile is not null)
        {
            json.WriteString("profile"u8, profile);
        }

        if (order.Replaces is { } replaces)
        {
            json.WriteString("replaces"u8, replaces);
        }

        WriteError(json, order.Error);
        json.WriteStartArray("authorizations"u8);
        foreach (var authorization in order.Authorizations)
        {
            json.WriteStringValue(urls.Authorization(authorization));
        }

        json.WriteEndArray();
        json.WriteString("finalize"u8, urls.Finalize(order.Id));
        if (order.State == AcmeOrderState.Valid)
        {
            json.WriteString("certificate"u8, urls.Certificate(order.Id));
        }

        json.WriteEndObject();
    }

    /// <summary>§7.1.4.</summary>
    public static void Write(Utf8JsonWriter json, AcmeAuthorization authorization, bool expired, IReadOnlyList<AcmeChallenge> challenges, AcmeUrls urls)
    {
        json.WriteStartObject();
        json.WriteString("status"u8, expired && authorization.State < AcmeAuthorizationState.Invalid ? "expired" : WireName(authorization.State));
        json.WriteString("expires"u8, Time(authorization.Expires));
        json.WriteStartObject("identifier"u8);
        WriteMembers(json, authorization.Identifier);
        json.WriteEndObject();
        if (authorization.Wildcard)
        {
            json.WriteBoolean("wildcard"u8, true);
        }

        json.WriteStartArray("challenges"u8);
        foreach (var challenge in challenges)
        {
            Write(json, authorization.Id, challenge, urls);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>§7.1.5 and §8.</summary>
    public static void Write(Utf8JsonWriter json, string authorization, AcmeChallenge challenge, AcmeUrls urls)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, challenge.Type);
        json.WriteString("url"u8, urls.Challenge(authorization, challenge));
        json.WriteString("status"u8, WireName(challenge.State));
        json.WriteString("token"u8, challenge.Token);
        foreach (var (name, value) in challenge.Members)
        {
            json.WriteString(name, value);
        }

        if (challenge.Validated is { } validated)
        {
            json.WriteString("validated"u8, Time(validated));
        }

        WriteError(json, challenge.Error);
        json.WriteEndObject();
    }

    public static string WireName(AcmeAccountState state) => state switch
    {
        AcmeAccountState.Valid => "valid",
        AcmeAccountState.Deactivated => "deactivated",
        AcmeAccountState.Revoked => "revoked",
    };

    /// <summary>RFC 3339 §5.6, UTC, whole seconds.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string WireName(AcmeAuthorizationState state) => state switch
    {
        AcmeAuthorizationState.Pending => "pending",
        AcmeAuthorizationState.Valid => "valid",
        AcmeAuthorizationState.Invalid => "invalid",
        AcmeAuthorizationState.Deactivated => "deactivated",
    };

    private static string WireName(AcmeChallengeState state) => state switch
    {
        AcmeChallengeState.Pending => "pending",
        AcmeChallengeState.Processing => "processing",
        AcmeChallengeState.Valid => "valid",
        AcmeChallengeState.Invalid => "invalid",
    };

    private static void Write(Utf8JsonWriter json, AcmeIdentifier identifier)
    {
        json.WriteStartObject();
        WriteMembers(json, identifier);
        json.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter json, AcmeIdentifier identifier)
    {
        json.WriteString("type"u8, identifier.Type);
        json.WriteString("value"u8, identifier.Value);
    }

    // Stored as the document that it is.
    private static void WriteError(Utf8JsonWriter json, string? error)
    {
        if (error is not null)
        {
            json.WritePropertyName("error"u8);
            json.WriteRawValue(Encoding.UTF8.GetBytes(error));
        }
    }
}
