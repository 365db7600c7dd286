namespace AgentPki.Pkcs11.Errors;

/// <summary>A PKCS#11 call that the token refused: which call with which mechanism or template, what the code means, what to do.</summary>
public sealed class TokenCallException : Exception
{
    public TokenCallException(string call, ulong code)
        : this(call, CkrExplanation.For(code))
    {
    }

    private TokenCallException(string call, CkrExplanation explanation)
        : base(explanation.Describe(call)) => (Call, Explanation) = (call, explanation);

    /// <summary>The call and what it was given, for example <c>C_SignInit(CKM_ECDSA, key 'root')</c>. Never a PIN.</summary>
    public string Call { get; }

    public CkrExplanation Explanation { get; }

    /// <summary>Whether the token says that the PIN is not the right one.</summary>
    public bool IsWrongPin => Explanation.Name == "CKR_PIN_INCORRECT";
}

/// <summary>The token answers, but does not hold an object that it held before.</summary>
internal sealed class TokenObjectMissingException(string what)
    : Exception($"The token holds no {what}. Was it deleted, or is this another token or an older copy of it? 'agentpki doctor' lists what is there.");

/// <summary>The module answers, but none of its slots holds the token that was named.</summary>
internal sealed class TokenNotFoundException(string message) : Exception(message);

/// <summary>The configuration or its files do not allow to reach the token; an operator can mend it while the appliance runs.</summary>
internal sealed class TokenConfigurationException(string message, Exception? inner) : Exception(message, inner);
