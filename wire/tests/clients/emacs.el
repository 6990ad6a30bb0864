;; -*- lexical-binding: t; coding: utf-8 -*-
;; Emacs' xml-rpc: all of validator1, introspection, faults and multicall. It reads texts of only white space as nil, and
;; needs a vector around an array of structs.
(unless (require 'xml-rpc nil t)
  (princ "the package xml-rpc is not installed\n")
  (kill-emacs 77))

(defvar url (car command-line-args-left))

(defun call (name &rest parameters)
  (apply #'xml-rpc-method-call url name parameters))

(defun validator (name &rest parameters)
  (apply #'call (concat "validator1." name) parameters))

(defun same (answer expected)
  (unless (equal answer expected)
    (error "Got %S, expected %S" answer expected)))

(defun fault (code name &rest parameters)
  (setq xml-rpc-fault-code nil)
  (when (ignore-errors (apply #'call name parameters) t)
    (error "%s: no fault" name))
  (same xml-rpc-fault-code code))

(let* ((inhibit-message t)
       (hard "<&>\"' ]]> &amp; é Ω 中 😀\ttab\nline ")
       (stooges '(("moe" . -7) ("larry" . 2147483647) ("curly" . -2147483640)))
       (date (list :datetime (encode-time 58 59 23 28 2 2026)))
       (octets (list :base64 (apply #'unibyte-string (number-sequence 0 255))))
       (everything `(("text" . ,hard) ("yes" . t) ("no" . nil) ("minus" . -2147483648) ("pi" . -3.14159265358979) ("date" . ,date)
                     ("octets" . ,octets) ("deep" ("list" . [1 [2 [3 (("four" . "five"))]]]))))
       (everything-as-lists (append (butlast everything) '(("deep" ("list" 1 (2 (3 (("four" . "five"))))))))))
  (same (validator "arrayOfStructsTest" (vector stooges '(("moe" . 1) ("larry" . 2) ("curly" . 41)))) -2147483599)
  (same (sort (validator "countTheEntities" (concat hard hard hard)) (lambda (one other) (string< (car one) (car other))))
        '(("ctAmpersands" . 6) ("ctApostrophes" . 3) ("ctLeftAngleBrackets" . 3) ("ctQuotes" . 3) ("ctRightAngleBrackets" . 6)))
  (same (validator "easyStructTest" stooges) 0)
  (dolist (member (validator "echoStructTest" everything))
    (same member (assoc (car member) everything-as-lists)))
  (same (validator "manyTypesTest" -42 t hard 2.5e-7 date octets) (list -42 t hard 2.5e-7 date octets))
  (same (validator "moderateSizeArrayCheck" (vconcat (list hard) (make-list 180 "x") (list "é"))) (concat hard "é"))
  (same (validator "nestedStructTest" `(("1999" ("01" . 1)) ("2000" ("03" . 3) ("04" ("01" . ,stooges) ("02" . 2))))) 0)
  (same (cdr (assoc "times1000" (validator "simpleStructReturnTest" -213))) -213000)

  (let ((names (call "system.listMethods")))
    (same (and (member "validator1.easyStructTest" names) (member "system.multicall" names) t) t))
  (fault -32601 "validator1.noSuchTest" 1)
  (fault -32602 "validator1.easyStructTest" "a string")

  (let ((answers (call "system.multicall"
                       `[(("methodName" . "validator1.easyStructTest") ("params" . [,stooges]))
                         (("methodName" . "validator1.noSuchTest") ("params" . []))])))
    (same (car answers) '(0))
    (same (cdr (assoc "faultCode" (cadr answers))) -32601))

  (princ (format "Emacs %s, xml-rpc %s\n" emacs-version xml-rpc-version)))
